"""Where the files of an archived job were, read from its bag: the addresses are in the body that the service sent."""

from collections.abc import Callable
from contextlib import suppress

from reconciler.archive.bag import JOB_FILE
from reconciler.archive.names import bag_name
from reconciler.archive.stores import BagStore
from reconciler.core.job import Asset, JobId
from reconciler.engine.ports import JobDetail
from reconciler.errors import ReconcilerError


class BagAddresses:
    """Implements engine.still_cached.ArchivedFiles over the stores; `read` makes a job of the body in a bag."""

    def __init__(self, stores: tuple[BagStore, ...], read: Callable[[bytes, JobId], JobDetail]) -> None:
        self._stores = stores
        self._read = read

    def files(self, job_id: JobId, fingerprint: str) -> tuple[Asset, ...]:
        """Give the files as the first store that has the bag tells them."""
        for store in self._stores:
            # ValueError: a fingerprint of no form that ours have, or a body in which somebody wrote.
            with suppress(ReconcilerError, ValueError):
                job = self._read(store.read_file(f"{bag_name(job_id, fingerprint)}/{JOB_FILE}"), job_id).job
                if job.fingerprint == fingerprint:
                    return job.assets
        return ()
