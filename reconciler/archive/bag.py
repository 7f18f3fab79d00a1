"""One job's bag in BagIt form (RFC 8493): payload under data/, a sha256 for every file, readable by other programs.

No file is read here: each is told by what was meant to be written, and reading the bag back shows whether it was.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.core.canonical import canonical_json
from reconciler.core.job import Asset, AssetForm, Job
from reconciler.core.receipt import BagFile
from reconciler.engine.ports import JobDetail

JOB_FILE = "data/job.json"
PAGES_FILE = "data/pages.json"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One asset of the job and the file of the bag it becomes."""

    asset: Asset
    path: str


def wanted_files(job: Job) -> tuple[Wanted, ...]:
    """Name the file of each asset that must be copied; a second asset of a kind gets `-2`, in the job's order."""
    return tuple(_wanted(job.copies_needed))


def _wanted(assets: Iterable[Asset]) -> Iterator[Wanted]:
    taken: set[str] = set()
    for asset in assets:
        folder = "data/assets" if asset.form is AssetForm.FILE else "data"
        stem, number = f"{folder}/{asset.kind.value}", 1
        path = f"{stem}.{asset.extension}"
        while path in taken:
            number += 1
            path = f"{stem}-{number}.{asset.extension}"
        taken.add(path)
        yield Wanted(asset, path)


def expected_paths(job: Job) -> frozenset[str]:
    """Name every payload file that a bag of this job holds."""
    pages = {PAGES_FILE} if _pages(job) else set()
    return frozenset({JOB_FILE, *pages, *(wanted.path for wanted in wanted_files(job))})


def write_inline(detail: JobDetail, folder: Path) -> tuple[BagFile, ...]:
    """Write what the body itself carries: the body as received, texts, JSON, and the addresses of web pages."""
    contents = {JOB_FILE: detail.body}
    if _pages(detail.job):
        contents[PAGES_FILE] = canonical_json(_pages(detail.job)) + b"\n"
    inline = [wanted for wanted in wanted_files(detail.job) if wanted.asset.form is AssetForm.INLINE]
    contents |= {wanted.path: part.content for wanted, part in zip(inline, detail.inline, strict=True)}
    return tuple(_written(folder, path, content) for path, content in contents.items())


def _pages(job: Job) -> list[dict[str, str]]:
    pages = (asset for asset in job.assets if asset.form is AssetForm.PAGE)
    return [{"kind": page.kind.value, "field": page.field, "address": page.address} for page in pages]


def close_bag(
    folder: Path, job: Job, payload: Iterable[BagFile], *, account: str, tool: str, at: datetime
) -> tuple[BagFile, ...]:
    """Write the tag files over the payload, which lies in `folder`; give every file of the bag, in order of path."""
    payload = sorted(payload, key=_path)
    size = sum(file.size for file in payload)
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": _bag_info(job, account=account, tool=tool, at=at, size=size, count=len(payload)),
        "manifest-sha256.txt": _manifest(payload),
    }
    tag_files = [_written(folder, name, tags[name]) for name in sorted(tags)]
    closing = _written(folder, "tagmanifest-sha256.txt", _manifest(tag_files))
    return tuple(sorted((*payload, *tag_files, closing), key=_path))


def _path(file: BagFile) -> str:
    return file.path


def _bag_info(job: Job, *, account: str, tool: str, at: datetime, size: int, count: int) -> bytes:
    lines = {
        "Source-Organization": account,
        "External-Identifier": ascii(job.id)[1:-1],  # an id may hold anything; here it must be one line
        "External-Description": f"Pictory job, {job.type.value}, {job.status.value}",
        "Internal-Sender-Identifier": job.fingerprint,
        "Bagging-Date": at.date().isoformat(),
        "Payload-Oxum": f"{size}.{count}",
        "Bag-Software-Agent": tool,
    }
    return "".join(f"{name}: {text}\n" for name, text in lines.items()).encode()


def _manifest(files: Iterable[BagFile]) -> bytes:
    return "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()


def manifest_problem(files: tuple[BagFile, ...], manifests: dict[str, bytes]) -> str:
    """Hold a bag's files against its own manifests; a sentence about the first file that differs, or empty."""
    listed: dict[str, str] = {}
    for text in manifests.values():
        for line in text.decode("utf-8", "replace").splitlines():
            sha256, _, path = line.partition("  ")
            listed[path] = sha256
    for file in files:
        if file.path == "tagmanifest-sha256.txt":
            continue
        if file.path not in listed:
            return f"{file.path} is in no manifest"
        if listed.pop(file.path) != file.sha256:
            return f"{file.path} is not what the manifest says"
    return f"{min(listed)} is missing" if listed else ""


def _written(folder: Path, path: str, content: bytes) -> BagFile:
    place = folder / path
    if place.parent != folder:
        place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return BagFile(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
