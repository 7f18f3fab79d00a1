"""Filling a new ledger with what the stores tell of an old one: one transaction, on a database that has nothing yet.

Restored is what can be told for certain: the receipts, the audit chain as it was, and what its events say: runs, the
journal of copies and cleans, holds, which plans were used, which file was applied last.  Nothing is made up: no job is
in it until a run sees one.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert

from reconciler.core.audit import AuditEvent
from reconciler.core.canonical import utc_text
from reconciler.core.segments import REBUILT
from reconciler.core.steps import Phase
from reconciler.engine.rebuilding import Salvage
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import add_event
from reconciler.ledger.database import Database
from reconciler.ledger.rebuilt import OPERATION
from reconciler.ledger.revisions import already_there
from reconciler.ledger.rows import audit_row, receipt_row, storable
from reconciler.ledger.run_rows import Who, begin_run, end_run, new_name

NO_RUN_OF_ITS_OWN = frozenset({"refused"})
"""Events that are the whole of their run: it never had the lease."""


def fill(connection: Connection, salvage: Salvage, who: Who, at: datetime) -> None:
    """Put all of it into an empty ledger, and the run that does so behind it."""
    now, run_id = utc_text(at), new_name("run")
    connection.execute(insert(tables.account).values(name=salvage.account, lineage=str(uuid.uuid4()), bound_at=now))
    runs = list(_runs(salvage))
    epochs, own = {row["run_id"]: row["epoch"] for row in runs}, len(runs) + 1
    _insert(connection, tables.run, runs)
    _insert(connection, tables.audit, map(audit_row, salvage.chain))
    begin_run(connection, run_id, who, epoch=own, operation=OPERATION, account=salvage.account, plan_id="", now=at)
    _insert(connection, tables.entry, _entries(salvage.chain, epochs))
    _insert(connection, tables.receipt, _receipts(salvage, run_id))
    _insert(connection, tables.hold, _holds(salvage))
    _insert(connection, tables.plan_use, _plan_uses(salvage))
    _insert(connection, tables.applied_file, _applied_file(salvage, run_id, now))
    connection.execute(insert(tables.lease).values(_free_lease(run_id, who, epoch=own)))
    add_event(connection, at=at, run_id=run_id, actor=who.actor, event=REBUILT, facts=salvage.facts)
    end_run(connection, run_id, who, outcome="done", now=at)


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    given = list(rows)
    if given:
        connection.execute(insert(table), given)


# -- runs


def _runs(salvage: Salvage) -> Iterator[dict[str, Any]]:
    """Give the rows of the runs that the chain tells of, in their order; one without an end was interrupted."""
    rows: dict[str, dict[str, Any]] = {}
    for event in salvage.chain:
        if event.event in NO_RUN_OF_ITS_OWN:
            continue
        row = rows.get(event.run_id)
        if row is None:
            facts = dict(event.facts) if event.event == "run_started" else {}
            row = rows[event.run_id] = {
                "run_id": event.run_id,
                "epoch": len(rows) + 1,
                "operation": facts.get("operation", "unknown")[:40],
                "plan_id": facts.get("plan", "")[:80],
                "actor": storable(event.actor)[:200],
                "tool": facts.get("tool", "")[:100],
                "started_at": utc_text(event.at),
                "ended_at": None,
                "outcome": None,
            }
        if event.event == "run_finished":
            row |= {"ended_at": utc_text(event.at), "outcome": dict(event.facts).get("outcome", "")[:60]}
    yield from rows.values()


def _free_lease(run_id: str, who: Who, *, epoch: int) -> dict[str, Any]:
    return {
        "slot": 1,
        "epoch": epoch,
        "lease_id": new_name("lease"),
        "run_id": run_id,
        "owner": who.actor,
        "operation": OPERATION,
        "acquired_ms": 0,
        "expires_ms": 0,
    }


# -- what the events say


_PHASES = {
    "archived": (Phase.BEGIN, Phase.ARCHIVED),
    "cleaned": (Phase.CLEANING, Phase.CLEANED),
    "not_cleaned": (Phase.CLEANING, Phase.NOT_CLEANED),
}


def _entries(chain: Iterable[AuditEvent], epochs: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Give the journal as far as the chain tells it: of each copy and each clean its begin and its end."""
    is_archived: set[str] = set()
    for event in chain:
        facts = dict(event.facts)
        detail = next((facts[name] for name in ("how", "why", "receipt") if name in facts), "")
        phases = _PHASES.get(event.event, ())
        if Phase.CLEANING in phases and event.job_id not in is_archived:
            phases = (*_PHASES["archived"], *phases)  # or no later run could read the journal
        if phases:
            (is_archived.add if phases[-1] is Phase.ARCHIVED else is_archived.discard)(event.job_id)
        for phase in phases:
            yield {
                "run_id": event.run_id,
                "epoch": epochs[event.run_id],
                "job_id": event.job_id,
                "phase": phase.value,
                "fingerprint": facts.get("fingerprint", ""),
                "at": utc_text(event.at),
                "detail": storable(detail) if phase in {Phase.ARCHIVED, Phase.CLEANED, Phase.NOT_CLEANED} else "",
            }


def _receipts(salvage: Salvage, own_run: str) -> Iterator[dict[str, Any]]:
    """Give the rows of the receipts, each of the run that made it; of the rebuild, where no event tells of one."""
    made_by = {
        dict(event.facts).get("receipt", ""): event.run_id
        for event in salvage.chain
        if event.event in {"archived", "copied"}
    }
    rows: dict[str, dict[str, Any]] = {}
    for receipt in salvage.receipts:
        row = receipt_row(receipt)
        rows[row["digest"]] = {**row, "run_id": made_by.get(row["digest"], own_run)}
    yield from rows.values()


@dataclass(slots=True)
class _Holds:
    """Holds as the events leave them.  One that may have gone on is there: what is not sure to have ended has not."""

    open: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    ended: list[dict[str, Any]] = field(default_factory=list)

    def follow(self, event: AuditEvent, *, ends: bool) -> None:
        """Take one step; `ends` says that one which ends a hold is believed."""
        facts = dict(event.facts)
        key = (event.job_id, facts.get("rule", ""))
        match event.event:
            case "hold_set" | "hold_changed" | "hold_unkept":
                before = self.open.get(key)
                self.open[key] = {
                    "job_id": event.job_id,
                    "rule": storable(facts.get("rule", "")),
                    "owner": storable(facts.get("owner", "")),
                    "reason": storable(facts.get("reason", "")),
                    "set_at": before["set_at"] if before else utc_text(event.at),
                    "until": facts.get("until") or None,
                    # When its rule ceased to keep it begins anew: it may have been kept again since.
                    "unkept_since": None,
                    "ended_at": None,
                    "ended_how": None,
                }
            case "hold_lifted" | "hold_ended" if ends and key in self.open:
                how = "lifted" if event.event == "hold_lifted" else "until"
                self.ended.append({**self.open.pop(key), "ended_at": utc_text(event.at), "ended_how": how})
            case _:
                return


def _holds(salvage: Salvage) -> Iterator[dict[str, Any]]:
    holds = _Holds()
    for event in salvage.chain:
        holds.follow(event, ends=True)
    for event in salvage.apart:
        holds.follow(event, ends=False)
    yield from holds.ended
    yield from holds.open.values()


def _plan_uses(salvage: Salvage) -> Iterator[dict[str, Any]]:
    """Give the plans whose use a run of the chain opened; spent where its record says that all was done."""
    rows: dict[str, dict[str, Any]] = {}
    ends = {event.run_id: utc_text(event.at) for event in salvage.chain if event.event == "run_finished"}
    for event in salvage.chain:
        plan_id = dict(event.facts).get("plan", "")[:80] if event.event == "run_started" else ""
        if not plan_id:
            continue
        at = utc_text(event.at)
        row = rows.setdefault(
            plan_id, {"plan_id": plan_id, "opened_by": event.run_id, "opened_at": at, "spent_at": None}
        )
        if event.run_id in salvage.done:
            row["spent_at"] = ends.get(event.run_id, at)
    yield from rows.values()


def _applied_file(salvage: Salvage, own_run: str, now: str) -> Iterator[dict[str, Any]]:
    """Give the file that was applied last: as one of the rebuild, so that its rules count as unknown."""
    last = salvage.last_applied
    if last is not None:
        yield {"run_id": own_run, "digest": last.digest, "applied_at": utc_text(last.at) if last.at else now}


class NewLedger:
    """Implements engine.rebuilding.NewLedgers on one database."""

    def __init__(self, database: Database, who: Who, at: datetime) -> None:
        self._database = database
        self._who = who
        self._at = at

    def make(self, salvage: Salvage) -> int:
        """Make the ledger, and give how many holds go on in it."""
        self._database.make(lambda connection: fill(connection, salvage, self._who, self._at))
        return sum(row["ended_at"] is None for row in _holds(salvage))

    def refuse_over_old(self) -> None:
        """Refuse where there is a ledger already."""
        with self._database.told():
            if self._database.is_there():
                raise already_there(self._database.name)
