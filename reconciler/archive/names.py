"""Names on disk.  Nothing that the service says becomes a path (I12)."""

import hashlib
import re
import uuid

_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


def safe_id(job_id: str) -> str:
    """Give a folder name for a job: the id itself where that is harmless everywhere, else a hash of it.

    Upper-case ids are hashed too: two ids that differ only in case must not share a folder on a file system that
    does not tell them apart.
    """
    if _PLAIN.fullmatch(job_id) and not _RESERVED.fullmatch(job_id) and not job_id.startswith("x-"):
        return job_id
    return "x-" + hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def bag_name(job_id: str, fingerprint: str) -> str:
    """Give the bag's folder relative to a store's root: one per job and fingerprint."""
    return f"jobs/{safe_id(job_id)}/{_short(fingerprint)}"


def receipt_name(job_id: str, fingerprint: str) -> str:
    """Give the receipt's file relative to a store's root.  It stands outside the bag, which nothing changes later."""
    return f"receipts/{safe_id(job_id)}/{_short(fingerprint)}.intoto.json"


def aside_name(name: str) -> str:
    """Give a place under `damaged/` for what stands under a name: another one each time."""
    return f"damaged/{name.replace('/', '-')}-{uuid.uuid4().hex[:8]}"


def _short(fingerprint: str) -> str:
    digits = fingerprint.removeprefix("sha256:")[:12]
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError(f"not a fingerprint: {fingerprint[:80]!r}")
    return digits
