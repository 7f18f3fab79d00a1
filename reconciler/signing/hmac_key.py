"""An HMAC-SHA256 key: one secret signs and checks, so whoever can check can also sign."""

import base64
import hashlib
import hmac

from reconciler.core.secret import Secret
from reconciler.signing import UnusableKey

PREFIX = "hmac-sha256:"
LEAST_BYTES = 32
"""As long as what it gives; a shorter key, or a word that people chose, can be guessed from any signature."""


class HmacKey:
    """Implements engine.ports.Signer and SignatureCheck."""

    __slots__ = ("_secret", "key_id")

    def __init__(self, secret: Secret) -> None:
        """Take the key in base64.

        Raises:
            UnusableKey: it is no base64, or too short; never says what it is.
        """
        self._secret = secret
        try:
            length = len(self._key())
        except ValueError:
            raise UnusableKey("what follows hmac-sha256: is not base64") from None
        if length < LEAST_BYTES:
            raise UnusableKey(f"it has {length} bytes, a key has {LEAST_BYTES} at least")
        named = hmac.digest(self._key(), b"pictory-reconciler key id", hashlib.sha256).hex()
        self.key_id = f"hmac-sha256-{named[:16]}"

    def sign(self, message: bytes) -> bytes:
        """Give the HMAC of a message."""
        return hmac.digest(self._key(), message, hashlib.sha256)

    def is_good(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this key made that signature."""
        return hmac.compare_digest(self.sign(message), signature)

    def __repr__(self) -> str:
        return f"<HmacKey {self.key_id}>"

    def _key(self) -> bytes:
        return base64.b64decode(self._secret.reveal(), validate=True)
