"""Signatures beside what they sign: an envelope with the exact bytes of the file in it, written before the file.

Its name has the digest of those bytes and the key in it.  A file that a crash kept from being written leaves an
envelope of its own that is true and in nobody's way: the file of the next try has other bytes, or the same envelope.
"""

import hashlib

from reconciler.archive.stores import BagStore
from reconciler.core.envelope import Envelope, Signature, read_envelope, signed_bytes, write_envelope
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.errors import ArchiveError


def signature_name(name: str, content: bytes, key_id: str) -> str:
    """Give the name of the envelope of a file with this content, signed by this key."""
    stem = name.removesuffix(".json").removesuffix(".intoto")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{key_id}.dsse.json"


def sign_file(store: BagStore, name: str, content: bytes, kind: str, signer: Signer) -> None:
    """Sign a file before it is written, or one that is there.

    Raises:
        StoreNotWritable: the store takes no more.
        ArchiveError: something else stands where the signature belongs.
    """
    beside = signature_name(name, content, signer.key_id)
    signature = Signature(signer.key_id, signer.sign(signed_bytes(kind, content)))
    envelope = write_envelope(Envelope(kind, content, (signature,)))
    if not store.has(beside):
        store.publish_file(envelope, beside)
    elif store.read_file(beside) != envelope:
        raise ArchiveError(
            f"{beside} in {store.address} is not the signature that belongs there",
            hint="Move it out of the archive, look at it, and apply again; nothing is ever overwritten.",
        )


def signature_problem(store: BagStore, name: str, content: bytes, kind: str, check: SignatureCheck) -> str:
    """Tell in a sentence why a file with this content is not signed by this key; empty when it is.

    Raises:
        ArchiveError: the store cannot be read.
    """
    beside = signature_name(name, content, check.key_id)
    if not store.has(beside):
        return f"{name} has no signature by the key {check.key_id}"
    try:
        envelope = read_envelope(store.read_file(beside))
    except ValueError:
        return f"{beside} is no signature"
    if (envelope.kind, envelope.content) != (kind, content):
        return f"{beside} is a signature of something else than {name}"
    message = signed_bytes(kind, content)
    if not any(check.is_good(message, each.value) for each in envelope.signatures):
        return f"the signature {beside} is not good"
    return ""
