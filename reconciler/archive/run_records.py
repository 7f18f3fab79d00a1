"""The record of a run as a file of the store: its report, and the audit chain since the record before."""

from reconciler.archive.signatures import sign_file
from reconciler.archive.stores import BagStore
from reconciler.core.audit_lines import event_value
from reconciler.core.canonical import canonical_json, utc_text
from reconciler.core.envelope import RUN_RECORD
from reconciler.engine.outcome import JobResult
from reconciler.engine.ports import Signer
from reconciler.engine.run_record import RunRecord

FORMAT_VERSION = "1.0"
FOLDER = "runs"


class StoreRecords:
    """Implements engine.run_record.RunRecords."""

    def __init__(self, stores: tuple[BagStore, ...], *, tool: str, signer: Signer | None) -> None:
        self._stores = {store.address: store for store in stores}
        self._tool = tool
        self._signer = signer

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores, by their addresses."""
        return tuple(self._stores)

    def recorded(self, store: str) -> frozenset[str]:
        """Give the runs of which a store has the record."""
        # Signatures are among the names, and with more in them than that of a run.
        names = (name.removeprefix(f"{FOLDER}/") for name in self._stores[store].names(FOLDER))
        return frozenset(name.removesuffix(".json") for name in names)

    def keep(self, store: str, record: RunRecord) -> None:
        """Write a record, its signature first."""
        place, content = self._stores[store], record_json(record, tool=self._tool)
        name = f"{FOLDER}/{record.report.run_id}.json"
        if self._signer is not None:
            sign_file(place, name, content, RUN_RECORD, self._signer)
        place.publish_file(content, name)


def record_json(record: RunRecord, *, tool: str) -> bytes:
    """Write a record, canonical JSON and a newline (schemas/run-record.v1.json)."""
    report = record.report
    written = {
        "format_version": FORMAT_VERSION,
        "run": report.run_id,
        "operation": report.operation,
        "plan_id": report.plan_id,
        "account": report.account,
        "actor": record.actor,
        "tool": tool,
        "started_at": utc_text(record.started_at),
        "ended_at": utc_text(record.ended_at),
        "exit_code": report.exit_code,
        "stopped": report.stopped,
        "results": [_result(*ended) for ended in record.results],
        "recovered": [_result(*ended) for ended in record.recovered],
        "audit": [event_value(event) for event in record.events],
    }
    return canonical_json(written) + b"\n"


def _result(result: JobResult, fingerprint: str) -> dict[str, object]:
    return {
        "job": result.job_id,
        "outcome": result.outcome.value,
        "detail": result.detail,
        "fingerprint": fingerprint,
        "bag": result.bag,
        "bytes": result.size,
        "how": result.how.value if result.how else None,
        "still_cached": None if result.still_cached is None else list(result.still_cached),
    }
