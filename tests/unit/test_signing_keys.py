"""Keys out of files: what is taken, what is refused and how, and that no key is ever told (I11)."""

import base64
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from reconciler.core.envelope import (
    IN_TOTO,
    PLAN,
    Envelope,
    Signature,
    read_envelope,
    read_signatures,
    signed_bytes,
    write_envelope,
)
from reconciler.engine.talk import silent
from reconciler.errors import UsageRefused
from reconciler.signing.key_files import read_signing_key, read_verify_key
from tests.support.signing_keys import KeyFiles, ed25519_files, hmac_file, private_file

SECRET = base64.b64encode(b"a canary of thirty-two bytes 123").decode()
KINDS: dict[str, Callable[[Path], KeyFiles]] = {"Ed25519": ed25519_files, "HMAC": hmac_file}


def test_what_is_signed_is_the_encoding_of_the_standard() -> None:
    # The example of DSSE's own specification.
    assert signed_bytes("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_tells_its_own_signatures_of_that_content_and_kind_alone(tmp_path: Path, kind: str) -> None:
    files = KINDS[kind](tmp_path)
    signer, check = read_signing_key(files.signing, silent), read_verify_key(files.verify, silent)
    message = signed_bytes(IN_TOTO, b"content")
    signature = signer.sign(message)
    assert signer.sign(message) == signature, "the same each time, so a second try writes the same file"
    assert signer.key_id == check.key_id
    assert check.is_good(message, signature)
    assert not check.is_good(signed_bytes(PLAN, b"content"), signature)
    assert not check.is_good(message + b" ", signature)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(len(signature)), bytes([signature[0] ^ 1])):
        assert not check.is_good(message, wrong)
    (tmp_path / "other").mkdir()
    other = KINDS[kind](tmp_path / "other")
    assert not check.is_good(message, read_signing_key(other.signing, silent).sign(message))
    assert read_verify_key(other.verify, silent).key_id != check.key_id


def test_an_envelope_is_read_as_it_was_written() -> None:
    envelope = Envelope(IN_TOTO, b'{"a":1}\n', (Signature("k", b"\0\xff"), Signature("", b"")))
    assert read_envelope(write_envelope(envelope)) == envelope


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"{}", b"\xff", b'"x"', b"[" * 100_000),
        b'{"payload":"","payloadType":"","signatures":null}',
        b'{"payload":"*","payloadType":"","signatures":[]}',
        b'{"payload":1,"payloadType":"","signatures":[]}',
        b'{"payload":"","payloadType":"","signatures":[1]}',
        b'{"payload":"","payloadType":"","signatures":[{"keyid":"a"}]}',
        b'{"payload":"","payloadType":"","signatures":[{"sig":"\xc3\xbc"}]}',
    ],
)
def test_what_is_no_envelope_is_told_and_no_bug(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        read_envelope(content)
    assert type(told.value).__name__ != "UnusableKey"


@pytest.mark.parametrize("listed", [None, 1, "x", {"sig": "x"}, [["sig"]], [{"sig": 1}]])
def test_what_are_no_signatures_is_told_and_no_bug(listed: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_signatures(listed)


# -- what is refused


def other_private(_folder: Path) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def other_public(_folder: Path) -> bytes:
    return ed448.Ed448PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


SIGNING_REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "nothing": (lambda _: b"", "holds neither a key in PEM nor hmac-sha256:"),
    "a bare secret": (lambda _: SECRET.encode(), "holds neither a key in PEM nor hmac-sha256:"),
    "a short secret": (lambda _: b"hmac-sha256:" + base64.b64encode(b"x" * 31), "it has 31 bytes, a key has 32 at"),
    "an empty secret": (lambda _: b"hmac-sha256:", "it has 0 bytes"),
    "no base64": (lambda _: b"hmac-sha256:" + SECRET.encode() + b"!", "is not base64"),
    "two lines": (lambda _: f"hmac-sha256:{SECRET}\n{SECRET}".encode(), "is not base64"),
    "another alphabet": (lambda _: "hmac-sha256:ü".encode(), "is not base64"),
    "a public key": (lambda folder: ed25519_files(folder).verify.read_bytes(), "is a public key, which signs nothing"),
    "a key of another kind": (other_private, "of another kind than Ed25519"),
    "a passphrase": (
        lambda folder: ed25519_files(folder, is_hidden=True).signing.read_bytes(),
        "it has a passphrase, and nobody can be asked for it",
    ),
    "a cut key": (lambda folder: ed25519_files(folder).signing.read_bytes()[:60], "no private key that can be read"),
    "a film": (lambda _: bytes(70_000), "is longer than 65536 bytes"),
}
VERIFY_REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "nothing": (lambda _: b"", "holds neither a key in PEM nor hmac-sha256:"),
    "a private key": (
        lambda folder: ed25519_files(folder).signing.read_bytes(),
        "is a private key, which belongs to whoever signs alone",
    ),
    "a key of another kind": (other_public, "of another kind than Ed25519"),
    "a cut key": (lambda folder: ed25519_files(folder).verify.read_bytes()[:60], "no public key that can be read"),
    "a short secret": (lambda _: b"hmac-sha256:QUJD", "it has 3 bytes"),
}


@pytest.mark.parametrize("case", SIGNING_REFUSED)
def test_what_cannot_sign_is_refused_with_a_way_out(tmp_path: Path, case: str) -> None:  # I11
    content, told = SIGNING_REFUSED[case][0](tmp_path), SIGNING_REFUSED[case][1]
    with pytest.raises(UsageRefused) as refused:
        read_signing_key(private_file(tmp_path / "given", content), silent)
    assert told in refused.value.message
    assert "given, named by --signing-key or RECONCILER_SIGNING_KEY_FILE, " in refused.value.message
    assert "openssl genpkey -algorithm ed25519" in refused.value.hint
    check_untold(content, refused.value)


@pytest.mark.parametrize("case", VERIFY_REFUSED)
def test_what_cannot_tell_a_signature_is_refused_with_a_way_out(tmp_path: Path, case: str) -> None:  # I11
    content, told = VERIFY_REFUSED[case][0](tmp_path), VERIFY_REFUSED[case][1]
    with pytest.raises(UsageRefused) as refused:
        read_verify_key(private_file(tmp_path / "given", content), silent)
    assert told in refused.value.message
    assert "named by --verify-key or RECONCILER_VERIFY_KEY_FILE, " in refused.value.message
    assert "openssl" in refused.value.hint
    check_untold(content, refused.value)


def check_untold(content: bytes, error: UsageRefused) -> None:
    said = error.message + error.hint + repr(error.__cause__)
    lines = [line for line in content.decode("latin-1").splitlines() if not line.startswith("-----")]
    assert not [line for line in lines if len(line) > 12 and line.strip("\0") and line[12:] in said]


@pytest.mark.parametrize("name", ["no-such-file", "", "a\0b", f"hmac-sha256:{SECRET}", SECRET, "~nobody-at-all/key"])
def test_a_file_that_cannot_be_read_is_told_and_a_key_in_its_place_is_not(name: str) -> None:  # I11
    for read in (read_signing_key, read_verify_key):
        with pytest.raises(UsageRefused, match="cannot be read") as refused:
            read(Path(name), silent)
        assert SECRET[:10] not in refused.value.message


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o644, 1)])
def test_a_key_that_others_may_read_is_a_warning(tmp_path: Path, mode: int, warnings: int) -> None:
    for files in (ed25519_files(tmp_path), hmac_file(tmp_path)):
        lines: list[str] = []
        files.signing.chmod(mode)
        read_signing_key(files.signing, lines.append)
        assert len(lines) == warnings
    read_verify_key(files.verify, lines.append)
    assert len(lines) == 2 * warnings, "of an HMAC key also where it checks: whoever has it can sign"
    public = ed25519_files(tmp_path, "another").verify
    public.chmod(0o644)
    read_verify_key(public, lines.append)
    assert len(lines) == 2 * warnings


def test_a_key_shows_itself_to_nobody(tmp_path: Path) -> None:  # I11
    path = private_file(tmp_path / "key", f"hmac-sha256:{SECRET}".encode())
    signer = read_signing_key(path, silent)
    assert SECRET not in repr(signer) + str(vars(type(signer)))
    assert SECRET.encode() not in pickle.dumps(signer)
    assert SECRET not in signer.key_id
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(read_signing_key(ed25519_files(tmp_path).signing, silent))


WITHOUT = """
import sys
sys.modules["cryptography"] = None
from reconciler.cli.main import main
sys.exit(main(["show", "plan.json", "--verify-key", sys.argv[1]]))
"""


def test_without_the_extra_its_name_is_told_and_an_hmac_key_needs_none(tmp_path: Path) -> None:
    for path, code, told in (
        (ed25519_files(tmp_path).verify, 64, "pip install 'pictory-reconciler[signing]'"),
        (hmac_file(tmp_path).verify, 64, "plan.json cannot be read"),
    ):
        command = [sys.executable, "-c", WITHOUT, str(path)]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, told in ended.stderr) == (code, True), ended.stderr
