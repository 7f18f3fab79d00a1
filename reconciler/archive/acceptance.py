"""May a file be taken?  The policy over what the checks told, as a table: the first row that fits decides (I15).

Length and structure can show that nothing was cut off.  That nothing was changed on the way shows only a checksum of
the host's, or a second reading that is equal.
"""

from dataclasses import dataclass
from enum import Enum

from reconciler.archive.proof import Judgement
from reconciler.core.desired import SecondRead


class Reading(Enum):
    """What a second reading told."""

    NONE = "none yet"
    EQUAL = "equal"
    DIFFERENT = "different"


class Verdict(Enum):
    """What becomes of a file."""

    TAKE = "take it"
    READ_AGAIN = "read it a second time"
    REFUSE = "refuse it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the policy; what it does not say fits all.

    `refuted`: a check speaks against the file.  `whole`: something shows its end.  `checksum`: one of the host's is
    equal.  `doubtful`: the ETag looks like a checksum and is not this file's, or the file was joined.  `setting` is
    `archive.second_read`.
    """

    refuted: bool | None = None
    whole: bool | None = None
    second: Reading | None = None
    setting: SecondRead | None = None
    checksum: bool | None = None
    doubtful: bool | None = None
    verdict: Verdict

    def fits(self, judgement: Judgement, setting: SecondRead, second: Reading) -> bool:
        """Tell whether the row speaks of this case."""
        cells = (
            (self.refuted, judgement.is_refuted),
            (self.whole, judgement.is_whole),
            (self.second, second),
            (self.setting, setting),
            (self.checksum, judgement.has_checksum),
            (self.doubtful, judgement.is_doubtful),
        )
        return all(cell is None or cell == case for cell, case in cells)


POLICY: tuple[Row, ...] = (
    Row(refuted=True, verdict=Verdict.REFUSE),
    Row(whole=False, verdict=Verdict.REFUSE),
    Row(second=Reading.DIFFERENT, verdict=Verdict.REFUSE),
    Row(second=Reading.EQUAL, verdict=Verdict.TAKE),
    Row(setting=SecondRead.ALWAYS, verdict=Verdict.READ_AGAIN),
    Row(checksum=True, verdict=Verdict.TAKE),
    Row(doubtful=True, verdict=Verdict.READ_AGAIN),
    Row(setting=SecondRead.NEVER, verdict=Verdict.TAKE),
    Row(verdict=Verdict.READ_AGAIN),
)


def verdict(judgement: Judgement, setting: SecondRead, second: Reading = Reading.NONE) -> Verdict:
    """Decide over one file by the table."""
    return next(row.verdict for row in POLICY if row.fits(judgement, setting, second))
