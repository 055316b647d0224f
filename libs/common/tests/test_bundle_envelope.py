"""A bundle as one encrypted file: opened with the municipality's key, by nobody else, and never half."""

import io
import tarfile
from pathlib import Path

import pyrage
import pytest
from kumiai_common.bundle.envelope import NoBundle, NotForThisKey, decrypt, encrypt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundle = tmp_path / "bundle"
    (bundle / "taxation" / "tables").mkdir(parents=True)
    (bundle / "manifest.json").write_text("{}")
    (bundle / "taxation" / "tables" / "assessment.csv").write_bytes(bytes(range(256)) * 20_000)
    return bundle


def test_whoever_has_the_key_gets_the_same_files(folder: Path, tmp_path: Path) -> None:
    ours, theirs = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    encrypt(folder, tmp_path / "one.tar.age", [str(ours.to_public()), str(theirs.to_public())])
    assert (tmp_path / "one.tar.age").read_bytes().startswith(b"age-encryption.org/v1")
    for key in (ours, theirs):
        opened = tmp_path / str(key.to_public())
        decrypt(tmp_path / "one.tar.age", opened, [str(key)])
        found = {path.relative_to(opened): path.read_bytes() for path in opened.rglob("*") if path.is_file()}
        assert found == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_another_key_and_a_changed_file_are_refused(folder: Path, tmp_path: Path) -> None:
    ours, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    file = tmp_path / "one.tar.age"
    encrypt(folder, file, [str(ours.to_public())])
    with pytest.raises(NotForThisKey):
        decrypt(file, tmp_path / "stranger", [str(stranger)])
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    with pytest.raises(NotForThisKey):
        decrypt(file, tmp_path / "changed", [str(ours)])
    file.write_bytes(bytes(whole[: len(whole) // 3]))
    with pytest.raises(NotForThisKey):
        decrypt(file, tmp_path / "cut", [str(ours)])
    assert not any((tmp_path / name).exists() for name in ("stranger", "changed", "cut"))


def archive_of(name: str, *, link: bool = False) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        else:
            info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        archive_of("../beside"),
        archive_of("/tmp/absolute"),
        archive_of("tables", link=True),
        archive_of(""),
        archive_of("twice")[:1024] + archive_of("twice"),
        archive_of("file")[:1024] + archive_of("file/within"),
        b"no archive at all",
    ],
    ids=["above", "absolute", "link", "nameless", "twice", "below-a-file", "no-archive"],
)  # fmt: skip
def test_an_archive_that_would_write_elsewhere_is_refused(content: bytes, tmp_path: Path) -> None:
    ours = pyrage.x25519.Identity.generate()
    file = tmp_path / "one.tar.age"
    file.write_bytes(pyrage.encrypt(content, [ours.to_public()]))
    with pytest.raises(NoBundle):
        decrypt(file, tmp_path / "folder", [str(ours)])
    assert [path.name for path in tmp_path.iterdir()] == ["one.tar.age"]


def test_what_is_no_key_is_said_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="age1"):
        encrypt(folder, tmp_path / "one.tar.age", ["me"])
    with pytest.raises(ValueError, match="AGE-SECRET-KEY"):
        decrypt(tmp_path / "one.tar.age", tmp_path / "x", ["me"])
    assert {path.name for path in tmp_path.iterdir()} == {"bundle"}
