"""What may be kept of a key so that it is known again: a hash that is slow to try, salted with the ledger's lineage."""

import hashlib
from collections.abc import Sequence

from reconciler.core.secret import Secret

SCRYPT = "scrypt"
COST, BLOCK, LANES = 2**14, 8, 1
"""About 50 ms and 16 MiB for each try: nobody finds a key, however poorly chosen, by trying many."""
MARK_BYTES = 32


def mark_of(told_by: Sequence[Secret], lineage: str) -> str:
    """Give the mark of credentials under a lineage: `scrypt:` and 64 hex digits."""
    # Lengths go in front, so that no two lists of texts are written alike.
    texts = [secret.reveal().encode() for secret in told_by]
    told = b"".join(b"%d:%s" % (len(text), text) for text in texts)
    mark = hashlib.scrypt(told, salt=lineage.encode(), n=COST, r=BLOCK, p=LANES, dklen=MARK_BYTES)
    return f"{SCRYPT}:{mark.hex()}"
