"""A bundle as one encrypted file: a tar archive in the age format (age-encryption.org), for a key of the municipality.

Any age program and any tar open it. The identity is that of what lies inside; encryption lies around it.
"""

import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

import pyrage


class NotForThisKey(ValueError):
    """The file can't be opened with these keys, or it was changed."""


class NoBundle(ValueError):
    """What lies within the encryption is not the tar archive of a bundle's folder."""


def encrypt(folder: Path, file: Path, recipients: Sequence[str]) -> None:
    """Write a bundle's folder as one file for these recipients (`age1…`); nothing is left of a failed attempt.

    Raises ValueError for what is no recipient, OSError if something can't be read or written.
    """
    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError:
        raise ValueError("a recipient is a public key of age, age1…") from None
    draft = file.with_name(f".{file.name}.part")
    try:
        with draft.open("wb") as target:
            _piped(lambda pipe: _pack(folder, pipe), lambda pipe: pyrage.encrypt_io(pipe, target, keys))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def decrypt(file: Path, folder: Path, identities: Sequence[str]) -> None:
    """Unpack an encrypted bundle into a new folder, with secret keys (`AGE-SECRET-KEY-1…`).

    Raises NotForThisKey; NoBundle; FileExistsError where the folder is there; ValueError for what is no key.
    """
    try:
        keys = [pyrage.x25519.Identity.from_str(text) for text in identities]
    except pyrage.IdentityError:
        raise ValueError("a secret key of age begins with AGE-SECRET-KEY-1") from None
    folder.mkdir(mode=0o700)
    try:
        with file.open("rb") as source:
            _piped(lambda pipe: _decrypt(source, pipe, keys), lambda pipe: _unpack(pipe, folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a bundle must not look like one
        raise


def _decrypt(source: IO[bytes], pipe: IO[bytes], keys: Sequence[object]) -> None:
    try:
        pyrage.decrypt_io(source, pipe, keys)
    except pyrage.DecryptError as error:
        raise NotForThisKey(str(error)) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise NotForThisKey(str(error)) from None  # a piece that was changed or cut, found on the way


def _pack(folder: Path, pipe: IO[bytes]) -> None:
    with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = archive.gettarinfo(path, path.relative_to(folder).as_posix())
                info.uid = info.gid = info.mtime = 0
                info.uname = info.gname = ""
                with path.open("rb") as content:
                    archive.addfile(info, content)


def _unpack(pipe: IO[bytes], folder: Path) -> None:
    # Not by extractall: its filter against hostile archives is not in every Python that we support.
    try:
        with tarfile.open(fileobj=pipe, mode="r|") as archive:
            for member in archive:
                place = PurePosixPath(member.name)
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or place.is_absolute() or ".." in place.parts:
                    raise NoBundle(f"{member.name!r} is no file of a bundle's folder")
                target = folder.joinpath(place)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, FileExistsError, NotADirectoryError) as error:
        raise NoBundle(str(error)) from None


def _piped(write: Callable[[IO[bytes]], object], read: Callable[[IO[bytes]], object]) -> None:
    """Run a writer and a reader at the two ends of a pipe; raises what the writer raised, or else the reader."""
    failed: list[BaseException] = []
    outgoing, incoming = os.pipe()

    def writing() -> None:
        try:
            with os.fdopen(incoming, "wb") as pipe:
                write(pipe)
        except BrokenPipeError:
            pass  # the reader stopped, and says why
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=writing, name="bundle")
    thread.start()
    try:
        with os.fdopen(outgoing, "rb") as pipe:
            read(pipe)
    except Exception:
        thread.join()
        if not failed:
            raise
    thread.join()
    if failed:
        raise failed[0]
