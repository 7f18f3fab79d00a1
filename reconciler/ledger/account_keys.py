"""The account that a ledger belongs to, and the marks of the keys that were seen with it.  No key is ever here."""

from sqlalchemy import Connection, insert, select

from reconciler.engine.ports import Binding
from reconciler.engine.right_account import shown
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.rebuilt import rebuilt_at


def read_binding(connection: Connection) -> Binding:
    """Give the binding; an empty one while the ledger belongs to nobody."""
    account = connection.execute(select(tables.account.c.name, tables.account.c.lineage)).first()
    if account is None:
        return Binding()
    key = tables.account_key
    marks = connection.scalars(select(key.c.mark).order_by(key.c.bound_at, key.c.mark)).all()
    return Binding(account=account.name, lineage=account.lineage, marks=tuple(marks), rebuilt_at=rebuilt_at(connection))


def record_key(connection: Connection, mark: str, *, run_id: str, now: str) -> tuple[NewEvent, ...]:
    """Record a key's mark; give the audit event, for the same transaction.  One that is known is no news."""
    known = read_binding(connection)
    if mark in known.marks:
        return ()
    connection.execute(insert(tables.account_key).values(mark=mark, run_id=run_id, bound_at=now))
    facts = (("key", shown(mark)),)
    is_first = not known.marks and known.rebuilt_at is None  # of a rebuilt ledger none is taken without a word
    return (NewEvent("key_bound", facts) if is_first else NewEvent("key_accepted", facts),)
