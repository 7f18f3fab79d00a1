"""What the ledger needs of its database.  The tables and all that is done with them are the same on each kind; how one
is opened, locked, kept and mended is what differs (docs/adr/0024)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from reconciler.errors import LedgerBusy, LedgerError, ReconcilerError


class Database(Protocol):
    """One ledger's database.  Every way to it turns what the database says into a LedgerError.

    It is LedgerBusy where another program's transaction did not end in time.
    """

    @property
    def name(self) -> str:
        """What people know it by: a file, or an address without anything secret."""

    def reading(self) -> AbstractContextManager[Connection | None]:
        """Give a connection that sees one state and cannot write; None when there is no ledger yet.

        Raises:
            LedgerError: there is one, and it cannot be read.
        """

    def writing(self, *, at: str, say: Callable[[str], None]) -> Engine:
        """Give an engine whose transactions are durable; makes the ledger when it is new.

        An older ledger is brought up to date: `say` is told of that, `at` is the time as utc_text writes it.

        Raises:
            LedgerError: it cannot be made or opened, or is newer than this program.
        """

    def adding(self) -> AbstractContextManager[Connection]:
        """Give one durable transaction on a ledger that is there and of our revision; it does not wait for long.

        Raises:
            LedgerError: it is not, or cannot be written now.
        """

    def is_there(self) -> bool:
        """Tell whether there is a ledger, or anything else that one made here would be put over.

        Raises:
            LedgerError: it cannot be told.
        """

    def make(self, fill: Callable[[Connection], None]) -> None:
        """Make a new ledger with what `fill` puts into it, durably, as a whole or not at all.

        Raises:
            LedgerError: there is one already, or it cannot be made.
        """

    def told(self) -> AbstractContextManager[None]:
        """Turn what the database says in this block into a LedgerError."""


@contextmanager
def telling(
    name: str,
    hint_for: Callable[[BaseException], str],
    is_busy: Callable[[BaseException], bool],
    hide: Callable[[str], str] = str,
) -> Iterator[None]:
    """Turn what a database's driver says into a LedgerError, with a hint for it; `hide` takes secrets out of a text."""
    try:
        yield
    except ReconcilerError:
        raise
    except SQLAlchemyError as error:
        said = error.orig if isinstance(error, DatabaseError) and error.orig else error
        text = hide(" ".join(str(said).split()))
        # What a driver's own error shows below ours may hold an address with all that is in it.
        kind = LedgerBusy if is_busy(said) else LedgerError
        raise kind(f"the ledger {name} cannot be used: {text}", hint=hint_for(said)) from None
