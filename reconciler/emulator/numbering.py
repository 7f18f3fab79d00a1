"""Ids that look random and can be counted back: a job's number to its id and again, so that no table of ids is kept.

An account of a million jobs needs no memory for them.  The mixing is a Feistel network over the 122 free bits of a
UUID of version 4, keyed by the account's seed: it makes ids look like the service's, and hides nothing.
"""

import hashlib
import uuid
from dataclasses import dataclass

_HALF_BITS = 61
_HALF = (1 << _HALF_BITS) - 1
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Numbering:
    """One sequence of ids; another `what`, or another seed, gives ids that have nothing to do with these."""

    seed: int
    what: str

    def id_of(self, number: int) -> str:
        """Give the id of a number, a UUID of version 4."""
        left, right = number >> _HALF_BITS, number & _HALF
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._mixed(turn, right)
        free = left << _HALF_BITS | right
        high, middle, low = free >> 74, free >> 62 & 0xFFF, free & ((1 << 62) - 1)
        return str(uuid.UUID(int=high << 80 | 0x4 << 76 | middle << 64 | 0x2 << 62 | low))

    def number_of(self, text: str) -> int | None:
        """Give the number of an id; None when it is no id of a sequence like this one.

        An id of another sequence gives a number too, and almost surely one beyond any account.
        """
        try:
            whole = uuid.UUID(text)
        except ValueError:
            return None
        if whole.version != 4 or str(whole) != text:
            return None
        bits = whole.int
        free = bits >> 80 << 74 | (bits >> 64 & 0xFFF) << 62 | bits & ((1 << 62) - 1)
        left, right = free >> _HALF_BITS, free & _HALF
        for turn in reversed(range(_ROUNDS)):
            left, right = right ^ self._mixed(turn, left), left
        return left << _HALF_BITS | right

    def _mixed(self, turn: int, half: int) -> int:
        key = f"{self.what}:{self.seed}:{turn}".encode()
        mixed = hashlib.blake2b(half.to_bytes(8, "big"), digest_size=8, key=hashlib.sha256(key).digest()).digest()
        return int.from_bytes(mixed, "big") & _HALF
