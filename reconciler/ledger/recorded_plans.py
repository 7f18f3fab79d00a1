"""Plans that are kept in the ledger, so that an apply elsewhere finds them by their name.

A plan that is kept changes nothing by that, so no lease is asked for.
"""

from sqlalchemy import insert, select

from reconciler.core.canonical import utc_text
from reconciler.engine.ports import Clock
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.database import Database


class SqlRecordedPlans:
    """Implements engine.ports.RecordedPlans."""

    def __init__(self, database: Database, *, clock: Clock, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor

    def keep(self, plan_id: str, content: str) -> None:
        """Keep a saved plan, durably."""
        with self._database.reading() as connection:
            if connection is None:
                raise LedgerError(
                    f"there is no ledger {self._database.name} yet that could keep a plan",
                    hint="Run `reconciler refresh` once: it makes the ledger.",
                )
        values = {"plan_id": plan_id, "recorded_at": utc_text(self._clock.now()), "actor": self._actor}
        with self._database.adding() as connection:
            connection.execute(insert(tables.recorded_plan).values(**values, content=content))

    def content(self, plan_id: str) -> bytes | None:
        """Give the newest saved plan of that name, None where there is none."""
        table = tables.recorded_plan
        newest = select(table.c.content).where(table.c.plan_id == plan_id).order_by(table.c.number.desc()).limit(1)
        with self._database.reading() as connection:
            kept = None if connection is None else connection.scalar(newest)
        return None if kept is None else kept.encode("ascii")
