"""Passwords and keys, generated at first use into files that only their owner can read. There are no defaults."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def write_private(path: Path, content: bytes) -> None:
    """Write a file that others can never read, not even while it is written; replaces it in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def password(path: Path) -> str:
    """The password in this file; a new one of 256 random bits when there is none yet."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text().strip()


def symmetric_key(path: Path) -> None:
    """Make a key of 256 random bits, in hexadecimal, unless the file exists."""
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())


def signing_key(private: Path, public: Path) -> None:
    """Make an Ed25519 key pair (PKCS 8 and SubjectPublicKeyInfo, PEM) unless both files exist."""
    if private.exists() and public.exists():
        return
    key = Ed25519PrivateKey.generate()
    write_private(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def make_vault_keys(module: str, path: Path) -> None:
    """Have a service's own program make its vault's key file, unless it exists."""
    if not path.exists():
        command = [sys.executable, "-m", f"{module}.vault.keys", str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
