"""Files with keys, as openssl writes them."""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The file that signs and the one that checks: of an HMAC key they are one."""

    signing: Path
    verify: Path


def ed25519_files(folder: Path, name: str = "key", *, is_hidden: bool = False) -> KeyFiles:
    key = Ed25519PrivateKey.generate()
    hidden: KeySerializationEncryption = BestAvailableEncryption(b"a passphrase") if is_hidden else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return KeyFiles(private_file(folder / f"{name}.pem", private), private_file(folder / f"{name}-public.pem", public))


def hmac_file(folder: Path, name: str = "hmac") -> KeyFiles:
    path = private_file(folder / name, b"hmac-sha256:" + base64.b64encode(secrets.token_bytes(32)) + b"\n")
    return KeyFiles(path, path)


def private_file(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
