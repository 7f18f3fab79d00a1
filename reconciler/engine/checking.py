"""What a list shows about a file beside what the file shows itself.  Writes nothing (I6)."""

from reconciler.core.desired import DesiredState
from reconciler.core.findings import Finding
from reconciler.core.lint_live import lint_against
from reconciler.core.retention import decide
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.planning import sight_of
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, MemoryReader


def lint_over(
    desired: DesiredState, reader: JobsReader, ledger: MemoryReader, clock: Clock, evidence: Evidence = NOBODY
) -> tuple[Finding, ...]:
    """Lint a file against the list, as of when that was read.

    Raises:
        InventoryIncomplete: the list is not whole.
        LedgerError: the ledger exists and cannot be read.
    """
    seen = sight_of(desired, reader, ledger.view(), clock, Enquiry(desired, evidence))
    as_of = seen.inventory.observed_at
    return lint_against(desired, decide(desired, seen.inventory, seen.memory, as_of), as_of)
