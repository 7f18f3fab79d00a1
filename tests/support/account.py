"""An emulated account as a plain client sees it: no library of ours in between."""

from typing import Any

import requests

from tests.support.emulator import EmulatedAccount

Json = dict[str, Any]


def call(
    emulator: EmulatedAccount,
    path: str,
    method: str = "GET",
    *,
    key: str | None = None,
    body: object = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> requests.Response:
    """Call the API; `path` is what follows the base address."""
    sent = {"Authorization": emulator.key if key is None else key, **(headers or {})}
    return requests.request(
        method, f"{emulator.api}{path}", headers=sent, params=query, json=body, timeout=10, allow_redirects=False
    )


def pages(emulator: EmulatedAccount, path: str = "/v1/jobs", most: int = 200) -> list[Json]:
    """Read a list to its end, however the end is marked."""
    read: list[Json] = []
    query: dict[str, str] = {}
    while len(read) < most:
        page = call(emulator, path, query=query).json()
        read.append(page)
        if not page.get("nextPageKey"):
            return read
        query = {"nextPageKey": page["nextPageKey"]}
    raise AssertionError(f"{path} has no end")


def listed(emulator: EmulatedAccount) -> list[str]:
    """Give the ids of the job list, in its order."""
    return [item["data"]["jobId"] for page in pages(emulator) for item in page["items"]]


def data_of(emulator: EmulatedAccount, job_id: str) -> Json:
    """Give what a GET of a job shows as its data."""
    data: Json = call(emulator, f"/v1/jobs/{job_id}").json()["data"]
    return data


def files_of(data: object) -> list[str]:
    """Give the addresses of files in a body."""
    if isinstance(data, dict):
        return [each for inner in data.values() for each in files_of(inner)]
    return [data] if isinstance(data, str) and "/Plan-Name/clientid/" in data else []
