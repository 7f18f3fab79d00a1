"""The emulator, for tests: as a real process, or served by a thread of this one; on free ports either way."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

import requests

from reconciler.emulator.scenario import Scenario
from reconciler.emulator.server import Options, running

Json = dict[str, Any]
FIRST_BYTE = "bytes=0-0"


class EmulatedAccount:
    """An emulated account, by its addresses: what a test asks of its control port."""

    api: str
    assets: str
    control: str
    key: str

    def _connect(self, where: Json) -> None:
        self.api, self.assets = str(where["api"]), str(where["assets"])
        self.control, self.key = str(where["control"]), str(where["key"])
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def environ(self) -> dict[str, str]:
        return {"PICTORY_API_BASE_URL": self.api, "PICTORY_API_KEY": self.key}

    def requests(self) -> list[Json]:
        """What came, but for the looks whether files of cleaned jobs still answer: these come whenever they come."""
        return [request for request in self._came() if request["asked_range"] != FIRST_BYTE]

    def cache_looks(self) -> list[Json]:
        return [request for request in self._came() if request["asked_range"] == FIRST_BYTE]

    def _came(self) -> list[Json]:
        return cast("list[Json]", self._call("GET", "requests"))

    def writes(self) -> list[Json]:
        return [request for request in self.requests() if request["method"] not in {"GET", "HEAD"}]

    def forget_requests(self) -> None:
        self._call("DELETE", "requests")

    def truth(self) -> dict[str, Json]:
        return cast("dict[str, Json]", self._call("GET", "truth"))

    def cleaned(self) -> set[str]:
        """The jobs that a DELETE of ours cleaned."""
        return {job_id for job_id, job in self.truth().items() if job["cleaned_by"] is not None}

    def fault(self, route: str, script: str, match: str = "") -> None:
        self._call("POST", "faults", {"route": route, "script": script, "match": match})

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def put_job(
        self,
        job_id: str,
        data: Json,
        *,
        newest: bool = True,
        body: Json | None = None,
        sizes: dict[str, int] | None = None,
        **more: object,
    ) -> str:
        """Add a job whose answers carry `data`, in the spellings the switches choose unless `body` says all."""
        told = {"data": data} if body is None else {"body": body}
        self._call("POST", "jobs", {"id": job_id, **told, "newest": newest, "bytes": sizes or {}, **more})
        return job_id

    def remove_job(self, job_id: str) -> None:
        self._call("DELETE", f"jobs/{job_id}")

    def switch(self, **positions: object) -> None:
        self._call("POST", "switches", positions)

    def clock(self, **asked: object) -> Json:
        return cast("Json", self._call("POST", "clock", asked))

    def webhooks(self) -> list[Json]:
        return cast("list[Json]", self._call("GET", "webhooks"))

    def reset(self, *, jobs: int = 0, seed: int = 1, **switches: object) -> None:
        self._call("POST", "reset", {"jobs": jobs, "seed": seed, "switches": switches})

    def _call(self, method: str, what: str, body: Json | None = None) -> object:
        answer = self._session.request(method, f"{self.control}/_emulator/{what}", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


class EmulatorProcess(EmulatedAccount):
    """An emulated account of its own process.  It never outlives the test: it ends when its standard input does."""

    def __init__(self, *more: str, jobs: int = 0, seed: int = 1, media_mb: int = 0, key: str = "pictai_test") -> None:
        self._arguments = [
            *("--jobs", str(jobs), "--seed", str(seed), "--media-mb", str(media_mb), "--key", key),
            *("--port", "0", "--asset-port", "0", "--control-port", "0", "--until-stdin-closes", *more),
        ]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reconciler.emulator", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self._connect(json.loads(self.process.stdout.readline()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextmanager
def emulator_in_this_process(key: str = "pictai_test") -> Iterator[EmulatedAccount]:
    """Serve an emulated account from a thread."""
    with running(Options(scenario=Scenario(jobs=0, key=key))) as where:
        account = EmulatedAccount()
        account._connect({"api": where.api, "assets": where.assets, "control": where.control, "key": where.key})
        try:
            yield account
        finally:
            account._session.close()
