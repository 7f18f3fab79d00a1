"""What one check of a file tells, with its evidence."""

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """What one check tells."""

    PROVED = "proved"
    REFUTED = "refuted"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer.

    `proves_end` says that a PROVED one shows nothing to be cut off, `is_checksum` that it shows nothing to be changed.
    """

    answer: Answer
    evidence: str
    proves_end: bool = False
    is_checksum: bool = False
