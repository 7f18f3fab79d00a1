"""A Dask cluster of this machine alone, as a process: `python -m reconciler.archive.workers.local_cluster 2`.

The first line on stdout is what --workers takes.  It ends, workers and all, when its standard input does.
"""

import sys
import tempfile

from distributed import LocalCluster


def serve(workers: int) -> None:
    """Serve until standard input ends; each worker is a process with one thread."""
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-dask-") as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=scratch,
            silence_logs=True,
        ) as cluster,
    ):
        sys.stdout.write(cluster.scheduler_address.replace("tcp://", "dask://") + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
