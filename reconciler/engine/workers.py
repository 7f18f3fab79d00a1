"""Whoever copies several jobs at once: the port behind which threads do it."""

from concurrent.futures import Future
from typing import Protocol

from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import JobDetail


class Workers(Protocol):
    """Makes copies of whole jobs beside the one thread that asks for them."""

    @property
    def at_once(self) -> int:
        """How many copies may be asked for at the same time; may differ from one moment to the next."""

    def begin(self, detail: JobDetail) -> "Future[VerifiedReceipt]":
        """Have everything the job has copied and proved, as by `Archiver.archive`; what that raises, the future holds.

        No job is asked for again before its copy has come in: two copies of one job would be one bag.
        """
