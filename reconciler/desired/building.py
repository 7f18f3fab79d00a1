"""A checked document to the values of the core, defaults filled in."""

from datetime import datetime, timedelta, tzinfo
from typing import Any

from reconciler.core.desired import (
    DesiredState,
    GroupKey,
    Keep,
    Limits,
    Link,
    Muted,
    Otherwise,
    RetainRule,
    Scope,
    SecondRead,
    Source,
    Storage,
    Store,
)
from reconciler.core.job import KNOWN_TYPES, JobId, JobStatus, JobType
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)
from reconciler.desired.content_digest import with_digest
from reconciler.desired.quantities import day, duration, share, size
from reconciler.desired.wording import spelled
from reconciler.desired.yaml_tree import Tree
from reconciler.desired.zones import end_of, zone

DEFAULT_STORES = ("file:./archive",)
DEFAULT_CLEAN: dict[str, str | int] = {
    "min_age": "1d",
    "grace": "0",
    "release_delay": "7d",
    "max_jobs": 100,
    "max_share": "25%",
}
DEFAULT_TRUST = ("ledger", "imported")
DEFAULT_WARN_AT = "80%"

Labels = dict[str, frozenset[JobId]]


def build(written: dict[str, Any], tree: Tree, name: str) -> DesiredState:
    """Make the values of a document that was checked against schema and meaning; `name` is the file's."""
    clean = {**DEFAULT_CLEAN, **written.get("clean", {})}
    archive = written.get("archive", {})
    stores = tuple(_store(store) for store in archive.get("stores", DEFAULT_STORES))
    where = zone(written.get("timezone", "UTC"))
    labels = {label: _ids(ids) for label, ids in sorted(written.get("labels", {}).items())}
    return with_digest(
        DesiredState(
            account=written["account"],
            scope=_scope(written),
            otherwise=Otherwise(written["otherwise"]),
            retain=tuple(_rule(index, rule, labels, where) for index, rule in enumerate(written["retain"])),
            stores=stores,
            copies=archive.get("copies", len(stores)),
            second_read=SecondRead(archive.get("second_read", SecondRead.WHEN_NO_CHECKSUM)),
            min_age=duration(clean["min_age"]),
            limits=_limits(clean),
            digest="",
            grace=duration(clean["grace"]),
            release_delay=duration(clean["release_delay"]),
            zone=where,
            trust=frozenset(Source(word) for word in written.get("clock", {}).get("trust", DEFAULT_TRUST)),
            labels=tuple(labels.items()),
            links=tuple(_link(link) for link in written.get("links", ())),
            storage=_storage(written["storage"]) if "storage" in written else None,
            ledger=written.get("state", ""),
            places=_places(tree, name),
        )
    )


def _store(written: str | dict[str, Any]) -> Store:
    if isinstance(written, str):
        return Store(address=written)
    rest = {key: text for key, text in written.items() if key not in {"url", "tags"}}
    return Store(address=written["url"], tags=tuple(sorted(written.get("tags", {}).items())), **rest)


def _scope(written: dict[str, Any]) -> Scope:
    if "scope" not in written:
        return Scope(types=KNOWN_TYPES, untyped_failures=True)
    return Scope(types=frozenset(JobType(word) for word in written["scope"]["types"]), untyped_failures=False)


def _limits(clean: dict[str, Any]) -> Limits:
    return Limits(
        max_jobs=clean["max_jobs"],
        max_share=share(clean["max_share"]),
        max_bytes=size(clean["max_bytes"]) if "max_bytes" in clean else None,
    )


def _storage(written: dict[str, Any]) -> Storage:
    return Storage(budget=size(written["budget"]), warn_at=share(written.get("warn_at", DEFAULT_WARN_AT)))


def _link(written: dict[str, Any]) -> Link:
    return Link(job=JobId(written["job"]), needs=tuple(sorted(_ids(written["needs"]))))


def _ids(written: list[str]) -> frozenset[JobId]:
    return frozenset(JobId(job_id) for job_id in written)


# -- rules


def _rule(index: int, rule: str | dict[str, Any], labels: Labels, where: tzinfo) -> RetainRule:
    if isinstance(rule, str):
        return RetainRule(name=rule, selector=IdIn(frozenset({JobId(rule)})))
    return RetainRule(
        name=rule.get("name", f"retain[{index}]"),
        selector=_selector_of(rule, labels),
        keep=_keep(rule),
        group_by=tuple(sorted({GroupKey(word) for word in rule.get("group_by", ())}, key=list(GroupKey).index)),
        lapses_at=_lapse(rule.get("until"), where),
        protect=rule.get("protect", False),
        archive_now="archive" in rule,
        owner=rule.get("owner", ""),
        reason=rule.get("reason", ""),
        muted=tuple(Muted(code=each["code"], reason=each["reason"]) for each in rule.get("mute", ())),
    )


def _lapse(until: str | None, where: tzinfo) -> datetime | None:
    return end_of(day(until), where) if until else None


def _keep(rule: dict[str, Any]) -> Keep:
    within: timedelta | None = duration(rule["keep_within"]) if "keep_within" in rule else None
    return Keep(
        last=rule.get("keep_last"),
        within=within,
        daily=rule.get("keep_daily"),
        weekly=rule.get("keep_weekly"),
        monthly=rule.get("keep_monthly"),
        yearly=rule.get("keep_yearly"),
        size=size(rule["keep_bytes"]) if "keep_bytes" in rule else None,
    )


def _selector_of(rule: dict[str, Any], labels: Labels) -> Selector:
    if "ids" in rule:
        return IdIn(_ids(rule["ids"]))
    return _selector(rule["match"], labels) if "match" in rule else EveryJob()


def _selector(match: dict[str, Any], labels: Labels) -> Selector:
    """Make one selector of the keys of a `match`, in one order whatever theirs is."""
    parts: list[Selector] = []
    if "type" in match:
        parts.append(TypeIn(frozenset(JobType(word) for word in _listed(match["type"]))))
    if "status" in match:
        parts.append(StatusIn(frozenset(JobStatus(word) for word in _listed(match["status"]))))
    if "id" in match:
        parts.append(IdLike(tuple(_listed(match["id"]))))
    if "name" in match:
        parts.append(NameLike(tuple(_listed(match["name"]))))
    if "label" in match:
        parts.append(_any_of([IdIn(labels[label], label) for label in _listed(match["label"])]))
    if "project" in match:
        parts.append(ProjectLike(tuple(_listed(match["project"]))))
    return _nested(match, labels, parts)


def _nested(match: dict[str, Any], labels: Labels, parts: list[Selector]) -> Selector:
    if "any" in match:
        parts.append(_any_of([_selector(each, labels) for each in match["any"]]))
    parts += [_selector(each, labels) for each in match.get("all", ())]
    if "not" in match:
        parts.append(NotOf(_selector(match["not"], labels)))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _any_of(parts: list[Selector]) -> Selector:
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


# -- places


def _places(tree: Tree, name: str) -> dict[str, str]:
    """Give the places that messages of later stages point to: keys of the document, of its sections and of rules."""
    places = {"": name}
    for path, place in tree.places.items():
        is_of_a_rule = len(path) == 3 and path[0] == "retain" and isinstance(path[2], str)
        if (len(path) in {1, 2} and path[0] != "version") or is_of_a_rule:
            places[spelled(path)] = f"{name}:{place.line}:{place.column}"
    return places
