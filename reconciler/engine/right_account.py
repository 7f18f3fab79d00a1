"""Is this the account that the ledger is of?  Told by the key in use, before anything is asked with it (I3).

A ledger keeps marks of the keys that were seen with its account, salted with its own lineage: nobody can tell a key
from its mark, nor whether two ledgers have seen the same one.
"""

from reconciler.engine.ports import Binding, KeyMark, Ledger, Run
from reconciler.errors import GuardRefused

SHOWN_DIGITS = 12


def refuse_other_key(binding: Binding, key: KeyMark) -> None:
    """Refuse a key that was never seen with the account of the ledger; a new ledger takes any.

    Raises:
        GuardRefused: it is another one, or the ledger was made anew and has seen none since.
    """
    if not binding.marks and binding.rebuilt_at is None:
        return
    mark = key.mark(binding.lineage)
    if mark in binding.marks:
        return
    if not binding.marks:
        raise GuardRefused(
            (
                f"whether this key ({shown(mark)}) is one of account {binding.account} cannot be told: the ledger was "
                "made anew, and no store has the keys that the lost one knew; look whether it is the right key "
                "(PICTORY_API_KEY), and take it over once with reconciler refresh --accept-new-key",
            )
        )
    seen = ", ".join(shown(each) for each in binding.marks)
    raise GuardRefused(
        (
            f"this key ({shown(mark)}) was never seen with account {binding.account}, whose ledger knows {seen}: the "
            "right ledger may be another one (--state), or the right key (PICTORY_API_KEY); if the account's key was "
            "changed, take it over once with reconciler refresh --accept-new-key",
        )
    )


def remember_key(ledger: Ledger, run: Run, key: KeyMark) -> None:
    """Record the key in use as one of the account's; call it once the list has shown that it is."""
    binding = ledger.binding()
    mark = key.mark(binding.lineage)
    if mark not in binding.marks:
        run.record_key(mark)


def shown(mark: str) -> str:
    """Give as much of a mark as people are shown."""
    return mark.rpartition(":")[2][:SHOWN_DIGITS]
