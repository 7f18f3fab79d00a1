"""The chain as the stores have it, beside that of the ledger."""

from reconciler.core.segments import Joined, covers, differs, join
from reconciler.engine.ports import LedgerReader
from reconciler.engine.salvage import ArchiveMemory


def held_by_stores(
    memory: ArchiveMemory, ledger: LedgerReader | None, noted: str = ""
) -> tuple[Joined, tuple[str, ...]]:
    """Put the chain together from the records of every store; give it, with all that does not hold.

    `ledger` must have all of it.  Where there is none, the chain must have the hash that was `noted`, "" for none.

    Raises:
        ArchiveError: a store cannot be read.
        LedgerError: the ledger cannot.
    """
    stored = [memory.records(store) for store in memory.stores]
    joined = join([record.segment for store in stored for record in store.records])
    alone = covers(joined.chain, noted if ledger is None else "")
    problem = alone or (differs(joined.chain, ledger.audit_events()) if ledger else "")
    problems = (*(each for store in stored for each in store.problems), *joined.problems)
    return joined, (*problems, problem) if problem else problems
