"""Ed25519 keys in PEM, through `cryptography`, which is an extra: this module is imported where such a key is named."""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from reconciler.signing import UnusableKey


class Ed25519Signer:
    """Implements engine.ports.Signer."""

    __slots__ = ("_key", "key_id")

    def __init__(self, pem: bytes) -> None:
        """Take a private key in PEM.

        Raises:
            UnusableKey: it is none, or one of another kind, or has a passphrase; never says what it is.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise UnusableKey("it has a passphrase, and nobody can be asked for it") from None
        except (ValueError, UnsupportedAlgorithm):
            raise UnusableKey("it is no private key that can be read") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise UnusableKey("it is a private key of another kind than Ed25519")
        self._key = key
        self.key_id = _key_id(key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Give the signature of a message, 64 bytes."""
        return self._key.sign(message)


class Ed25519Check:
    """Implements engine.ports.SignatureCheck."""

    __slots__ = ("_key", "key_id")

    def __init__(self, pem: bytes) -> None:
        """Take a public key in PEM.

        Raises:
            UnusableKey: it is none, or one of another kind.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise UnusableKey("it is no public key that can be read") from None
        if not isinstance(key, Ed25519PublicKey):
            raise UnusableKey("it is a public key of another kind than Ed25519")
        self._key = key
        self.key_id = _key_id(key)

    def is_good(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this key made that signature."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def _key_id(key: Ed25519PublicKey) -> str:
    """Name a key by the SHA-256 of its public half, as `openssl pkey -pubin -outform DER` writes it."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"ed25519-{hashlib.sha256(der).hexdigest()[:16]}"
