"""The receipt as a file beside the bags: an in-toto statement, for whoever reads the archive without the ledger."""

import json
from typing import Any

from reconciler.core.canonical import canonical_json, utc_text, utc_time
from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, Receipt

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:pictory-reconciler:archive-receipt:v1"


def statement_of(receipt: Receipt, *, tool: str) -> bytes:
    """Write the statement, canonical JSON and a newline (schemas/receipt.v1.json)."""
    subject = [{"name": f"{receipt.bag}/{file.path}", "digest": {"sha256": file.sha256}} for file in receipt.files]
    return (
        canonical_json(
            {
                "_type": STATEMENT,
                "subject": subject,
                "predicateType": PREDICATE,
                "predicate": {
                    "job": receipt.job_id,
                    "fingerprint": receipt.fingerprint,
                    "bag": receipt.bag,
                    "stores": list(receipt.stores),
                    "sizes": [file.size for file in receipt.files],
                    "evidence": [{"file": path, "told": line} for path, line in receipt.evidence],
                    "verified_at": utc_text(receipt.verified_at),
                    "tool": tool,
                },
            }
        )
        + b"\n"
    )


def read_statement(content: bytes) -> Receipt:
    """Read what `statement_of` wrote.

    Raises:
        ValueError: it is something else.
    """
    try:
        return _read(json.loads(content))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a receipt of ours: {type(error).__name__}") from error


def _read(read: dict[str, Any]) -> Receipt:
    told = read["predicate"]
    if (read["_type"], read["predicateType"]) != (STATEMENT, PREDICATE):
        raise ValueError("not a receipt of ours, or of a version that is not known")
    prefix = told["bag"] + "/"
    files = tuple(
        BagFile(path=item["name"].removeprefix(prefix), size=size, sha256=item["digest"]["sha256"])
        for item, size in zip(read["subject"], told["sizes"], strict=True)
    )
    return Receipt(
        job_id=JobId(told["job"]),
        fingerprint=told["fingerprint"],
        bag=told["bag"],
        stores=tuple(told["stores"]),
        files=files,
        evidence=tuple((item["file"], item["told"]) for item in told["evidence"]),
        verified_at=utc_time(told["verified_at"]),
    )
