"""What a job shows, though no field is called so: its output's name, its project, the time of its share page."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from reconciler.core.job import Asset, AssetKind, JobType
from reconciler.pictory.parts import Part, fields

_EMBEDDED = "embed"


def find_name(facts: Mapping[str, object], job_type: JobType, assets: tuple[Asset, ...]) -> str:
    """Give the output file's name without its extension, percent-decoded, as NFC; "" when none or several are shown.

    A render is named by the address of its video, a preview by `renderParams.output.name`; other types have no name.
    """
    match job_type:
        case JobType.RENDER:
            names = {_file_name(asset.address) for asset in assets if asset.kind is AssetKind.VIDEO}
        case JobType.PREVIEW:
            names = {_output_name(facts)}
        case _:
            names = set()
    return unicodedata.normalize("NFC", PurePosixPath(names.pop()).stem) if len(names) == 1 else ""


def _file_name(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2])


def _output_name(facts: Mapping[str, object]) -> str:
    params = facts.get("renderParams")
    inner = fields(params, kept={"output"}, only={"output"}).get("output") if isinstance(params, Part) else None
    name = fields(inner, only={"name"}).get("name") if isinstance(inner, Part) else None
    return name if isinstance(name, str) else ""


def find_project(facts: Mapping[str, object], assets: tuple[Asset, ...]) -> str:
    """Give the project's id: `projectId`, else from the preview page's address, else from the share page's; or ""."""
    told = facts.get("projectId")
    if isinstance(told, int) and not isinstance(told, bool):
        told = str(told)
    if isinstance(told, str) and told:
        return told
    for kind, project_at in ((AssetKind.PREVIEW_PAGE, -1), (AssetKind.SHARE_PAGE, -2)):
        for parts in _paths(assets, kind):
            if len(parts) >= -project_at and parts[project_at] not in {_EMBEDDED, "preview"}:
                return parts[project_at]
    return ""


def find_shared_at(assets: tuple[Asset, ...]) -> datetime | None:
    """Give the time at the head of the share page's id, UTC to the millisecond; None when no page or several tell one.

    A share id begins with 17 digits, `yyyyMMddHHmmssSSS`, written when the page was made: the job was made by then.
    """
    told = {parts[-1][:17] for parts in _paths(assets, AssetKind.SHARE_PAGE) if len(parts) > 1}
    times = {moment for moment in map(_share_time, told) if moment}
    return times.pop() if len(times) == 1 else None


def _share_time(head: str) -> datetime | None:
    if len(head) != 17 or not (head.isascii() and head.isdigit()):
        return None
    try:
        moment = datetime.strptime(head[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment + timedelta(milliseconds=int(head[14:]))


def _paths(assets: tuple[Asset, ...], kind: AssetKind) -> Iterator[list[str]]:
    """Give the parts of each address of a kind: `/v2/preview/ID`, `/PROJECT/SHARE`, `/embed/PROJECT/SHARE`."""
    for asset in assets:
        if asset.kind is kind:
            yield [unquote(part) for part in urlsplit(asset.address).path.split("/") if part]
