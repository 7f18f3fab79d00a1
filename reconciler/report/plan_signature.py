"""The signature of a saved plan: in the file itself, over all else in it, so that one file is handed on.

What is signed is the file as it would be without its signatures, byte for byte.  Neither `plan_id` nor
`content_digest` knows of them.
"""

from reconciler.core.canonical import canonical_json
from reconciler.core.envelope import PLAN, Signature, read_signatures, signatures_json, signed_bytes
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.errors import PlanRefused

FIELD = "signatures"
HINT = "Have it made and signed by whoever holds the key: reconciler plan --out plan.json --signing-key FILE"


def signed(written: dict[str, object], signer: Signer) -> dict[str, object]:
    """Give what is written of a plan with its signature."""
    signature = Signature(signer.key_id, signer.sign(_message(written)))
    return {**written, FIELD: signatures_json((signature,))}


def demand_signature(read: object, check: SignatureCheck, name: str) -> None:
    """Refuse a plan that is not signed by this key, before anything else in it is believed.

    Raises:
        PlanRefused: it is not.
    """
    if not isinstance(read, dict) or not read.get(FIELD):
        raise _refused(f"{name} is not signed, and a signature by the key {check.key_id} is asked for")
    try:
        signatures = read_signatures(read[FIELD])
        message = _message({key: value for key, value in read.items() if key != FIELD})
    except (ValueError, RecursionError):
        raise _refused(f"{name} has signatures that cannot be read") from None
    if not any(check.is_good(message, each.value) for each in signatures):
        raise _refused(f"{name} has no good signature by the key {check.key_id}")


def _message(written: dict[str, object]) -> bytes:
    return signed_bytes(PLAN, canonical_json(written) + b"\n")


def _refused(why: str) -> PlanRefused:
    return PlanRefused(why, field=FIELD, hint=HINT)
