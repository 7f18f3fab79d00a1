"""Envelopes of DSSE: the bytes that are signed, and what is read of an envelope whoever wrote it."""

import base64
import json

import pytest

from reconciler.core.envelope import (
    IN_TOTO,
    PLAN,
    RUN_RECORD,
    Envelope,
    Signature,
    read_envelope,
    read_signatures,
    signatures_json,
    signed_bytes,
    write_envelope,
)

CONTENT = b'{"a":1}'
SIGNED = Envelope(IN_TOTO, CONTENT, (Signature("ed25519-1", b"\x00\xff"), Signature("", b"other")))


def test_what_is_signed_is_dsse_pre_authentication_encoding() -> None:
    assert signed_bytes("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert signed_bytes("é", b"x") == b"DSSEv1 2 \xc3\xa9 1 x", "lengths count bytes"


def test_kinds_of_content_are_apart() -> None:
    assert IN_TOTO == "application/vnd.in-toto+json", "the name that in-toto gives it"
    assert len({signed_bytes(kind, CONTENT) for kind in (IN_TOTO, RUN_RECORD, PLAN)}) == 3
    assert RUN_RECORD == "application/vnd.pictory-reconciler.run-record.v1+json", "signatures made once must stay good"
    assert PLAN == "application/vnd.pictory-reconciler.plan.v1+json"


def test_an_envelope_is_written_as_dsse_has_it() -> None:
    written = write_envelope(SIGNED)
    assert written.endswith(b"}\n")
    assert json.loads(written) == {
        "payloadType": IN_TOTO,
        "payload": base64.b64encode(CONTENT).decode(),
        "signatures": [{"keyid": "ed25519-1", "sig": "AP8="}, {"keyid": "", "sig": "b3RoZXI="}],
    }
    assert read_envelope(written) == SIGNED


def test_a_signature_without_a_key_id_is_read() -> None:
    assert read_signatures([{"sig": "AP8="}]) == (Signature("", b"\x00\xff"),)
    assert read_signatures(signatures_json(SIGNED.signatures)) == SIGNED.signatures


@pytest.mark.parametrize("listed", [[{}], [{"sig": 1}], ["text"], [None], 7, None, [{"keyid": "a"}]])
def test_what_are_no_signatures(listed: object) -> None:
    with pytest.raises(ValueError, match=r"^not signatures: (KeyError|TypeError|AttributeError)$"):
        read_signatures(listed)


@pytest.mark.parametrize("sig", ["AP8", "A P8=", "AP8=!", "é"])
def test_base64_is_read_strictly(sig: str) -> None:
    with pytest.raises(ValueError, match=r"padding|base64|ASCII"):
        read_signatures([{"sig": sig}])
    with pytest.raises(ValueError, match=r"padding|base64|ASCII"):
        read_envelope(json.dumps({"payloadType": PLAN, "payload": sig, "signatures": []}).encode())


@pytest.mark.parametrize(
    "content", [b"[]", b"7", b"null", b"{}", b'{"payloadType":"a","payload":"AA=="}', b'{"payload":1}', b"[" * 99_999]
)
def test_what_is_no_envelope(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not an envelope: (KeyError|TypeError|RecursionError)$"):
        read_envelope(content)
