"""Keys out of files.  What stands in them is never shown, not even in part (I11)."""

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.secret import Secret
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.engine.talk import Say
from reconciler.errors import UsageRefused
from reconciler.signing import UnusableKey
from reconciler.signing.hmac_key import PREFIX, HmacKey

if TYPE_CHECKING:
    from reconciler.signing.ed25519 import Ed25519Check, Ed25519Signer

Key = TypeVar("Key")

LONGEST = 64 * 1024
MAKE_ONE = (
    "Make one: openssl genpkey -algorithm ed25519 -out signing-key.pem; or, where one secret is to sign and to check: "
    f"(umask 077; printf {PREFIX} > signing-key; openssl rand -base64 32 >> signing-key)"
)
PUBLIC_HALF = "Give its public half: openssl pkey -in signing-key.pem -pubout -out verify-key.pem"
_KEY_LIKE = re.compile(r"hmac-|-----|[A-Za-z0-9+/=_-]{40}")


@dataclass(frozen=True, slots=True)
class _Named:
    """Where a key's file was named."""

    flag: str
    variable: str

    def refused(self, path: Path, why: str, hint: str) -> UsageRefused:
        return UsageRefused(f"{path}, named by {self.flag} or {self.variable}, {why}", hint=hint)


SIGNING = _Named("--signing-key", "RECONCILER_SIGNING_KEY_FILE")
VERIFY = _Named("--verify-key", "RECONCILER_VERIFY_KEY_FILE")


def read_signing_key(path: Path, say: Say) -> Signer:
    """Read a key to sign with: an Ed25519 private key in PEM, or `hmac-sha256:` and a key in base64.

    Raises:
        UsageRefused: it cannot be read, is something else, or needs an extra that is not installed.
    """
    content = _content(path, SIGNING)
    _warn_of_readers(path, say)
    if content.startswith(PREFIX.encode()):
        return _made(SIGNING, path, lambda: _hmac_key(content))
    if b"PUBLIC KEY-----" in content:
        raise SIGNING.refused(path, "is a public key, which signs nothing", f"Name the private one. {MAKE_ONE}")
    _refuse_other_than_pem(content, path, SIGNING)
    signer, _ = _ed25519(path, SIGNING)
    return _made(SIGNING, path, lambda: signer(content))


def read_verify_key(path: Path, say: Say) -> SignatureCheck:
    """Read a key to check signatures with: an Ed25519 public key in PEM, or the HMAC key itself.

    Raises:
        UsageRefused: it cannot be read, is something else, or needs an extra that is not installed.
    """
    content = _content(path, VERIFY)
    if content.startswith(PREFIX.encode()):
        _warn_of_readers(path, say)
        return _made(VERIFY, path, lambda: _hmac_key(content))
    if b"PRIVATE KEY-----" in content:
        raise VERIFY.refused(path, "is a private key, which belongs to whoever signs alone", PUBLIC_HALF)
    _refuse_other_than_pem(content, path, VERIFY)
    _, check = _ed25519(path, VERIFY)
    return _made(VERIFY, path, lambda: check(content))


def _content(path: Path, named: _Named) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(LONGEST + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it names no file"
        raise named.refused(_harmless(path), f"cannot be read: {reason}", MAKE_ONE) from None
    if len(content) > LONGEST:
        raise named.refused(path, f"is longer than {LONGEST} bytes, so it is no key", MAKE_ONE)
    return content.strip()


def _harmless(path: Path) -> Path:
    # What leads to no file may be the key itself, put where its file's name belongs.
    return Path("a file") if _KEY_LIKE.search(str(path)) else path


def _warn_of_readers(path: Path, say: Say) -> None:
    mode = path.expanduser().stat().st_mode
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        say(f"Warning: others than you may read the key {path}; take that from them: chmod 600")


def _hmac_key(content: bytes) -> HmacKey:
    return HmacKey(Secret(content.removeprefix(PREFIX.encode()).strip().decode("ascii", "replace")))


def _refuse_other_than_pem(content: bytes, path: Path, named: _Named) -> None:
    if not content.startswith(b"-----BEGIN "):
        raise named.refused(path, f"holds neither a key in PEM nor {PREFIX} and a key in base64", MAKE_ONE)


def _ed25519(path: Path, named: _Named) -> "tuple[type[Ed25519Signer], type[Ed25519Check]]":
    try:
        from reconciler.signing.ed25519 import Ed25519Check, Ed25519Signer  # noqa: PLC0415 - cryptography is an extra
    except ImportError as error:
        raise named.refused(
            path,
            "is a key in PEM, which needs cryptography, and that is not installed",
            "Install it: pip install 'pictory-reconciler[signing]'; an HMAC key needs nothing.",
        ) from error
    return Ed25519Signer, Ed25519Check


def _made(named: _Named, path: Path, make: Callable[[], Key]) -> Key:
    try:
        return make()
    except UnusableKey as error:
        raise named.refused(path, f"cannot be used: {error}", MAKE_ONE) from None
