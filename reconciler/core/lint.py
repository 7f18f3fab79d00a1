"""Findings about a desired state that is valid and yet not what anybody means; against a list: `lint_live`.

Codes never change their meaning; docs/lint.md explains each.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Otherwise, RetainRule, SecondRead, Source
from reconciler.core.findings import Finding, Severity
from reconciler.core.holds import span_text
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.lint_shadows import shadows
from reconciler.core.selector_facts import answers, asks_status, labels_of, literal_ids
from reconciler.core.selectors import Match

CODES: Mapping[str, Severity] = {
    "label-unused": Severity.ERROR,
    "rule-never-matches": Severity.ERROR,
    "rule-out-of-scope": Severity.WARNING,
    "rule-shadowed": Severity.WARNING,
    "keep-within-no-effect": Severity.WARNING,
    "until-passed": Severity.WARNING,
    "until-soon": Severity.WARNING,
    "until-far": Severity.WARNING,
    "many-ids": Severity.WARNING,
    "id-unlikely": Severity.WARNING,
    "trust-without-ledger": Severity.WARNING,
    "no-second-read": Severity.WARNING,
    "owner-missing": Severity.NOTE,
    "status-missing": Severity.NOTE,
    "rule-matches-nothing": Severity.WARNING,
    "id-not-listed": Severity.WARNING,
    "groups-of-one": Severity.WARNING,
    "relative-not-kept": Severity.WARNING,
}
"""Every code that lint can find, with its severity."""

SOON = timedelta(days=14)
FAR = timedelta(days=730)
MANY_IDS = 50

Found = tuple[str, str, str]
"""A code, the key under the rule at which it stands ("" for the rule), and a sentence."""


def lint(desired: DesiredState, as_of: datetime) -> tuple[Finding, ...]:
    """Give what can be found without a list of jobs, in the order of the file; muted findings are left out."""
    return tuple(sorted((*_of_file(desired), *_of_rules(desired, as_of)), key=_stands_at))


def _stands_at(finding: Finding) -> tuple[int, ...]:
    """Order findings as they stand in the file; what stands nowhere comes first."""
    parts = finding.place.rsplit(":", 2)[1:]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the findings that stop a plan."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def warnings_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the findings that stop a plan only where that is asked for."""
    return tuple(finding for finding in findings if finding.severity is Severity.WARNING)


def finding_of_rule(desired: DesiredState, index: int, found: Found) -> Finding | None:
    """Make a finding about a rule; None where the rule mutes it.  An error cannot be muted."""
    code, key, message = found
    rule = desired.retain[index]
    if CODES[code] is not Severity.ERROR and any(muted.code == code for muted in rule.muted):
        return None
    path = f"retain[{index}].{key}"
    place = desired.place(path if path in desired.places else f"retain[{index}]")
    return Finding(code=code, severity=CODES[code], message=f"rule {rule.name} {message}", place=place, rule=rule.name)


def _of_file(desired: DesiredState) -> Iterator[Finding]:
    used = {label for rule in desired.retain for label in labels_of(rule.selector)}
    for label, ids in desired.labels:
        if label not in used:
            # Under `report` and `archive` nothing is lost by it; under `clean` the labelled jobs are meant to stay.
            severity = CODES["label-unused"] if desired.otherwise is Otherwise.CLEAN else Severity.WARNING
            yield Finding(
                code="label-unused",
                severity=severity,
                message=f"no rule uses the label {label} ({jobs_text(len(ids))}), so it keeps nothing; "
                f"write a rule with match: {{label: {label}}}, or take the label out",
                place=desired.place(f"labels.{label}"),
            )
        yield from _unlikely(desired, f"labels.{label}", f"the label {label}", ids)
    for index, link in enumerate(desired.links):
        yield from _unlikely(desired, f"links[{index}]", "a link", (link.job, *link.needs))
    if Source.LEDGER not in desired.trust:
        yield Finding(
            code="trust-without-ledger",
            severity=CODES["trust-without-ledger"],
            message="clock.trust leaves out ledger: what the other sources do not date has no age, and is held for "
            "ever where one is asked for; add ledger, unless that is meant",
            place=desired.place("clock.trust"),
        )
    if desired.second_read is SecondRead.NEVER and desired.otherwise is Otherwise.CLEAN:
        yield Finding(
            code="no-second-read",
            severity=CODES["no-second-read"],
            message="archive.second_read is never: a byte that is changed on the way passes unseen where a host sends "
            "no checksum, and then the original is cleaned; take it out, unless that is meant",
            place=desired.place("archive.second_read"),
        )


def _unlikely(desired: DesiredState, path: str, what: str, ids: Iterable[JobId]) -> Iterator[Finding]:
    told = _odd_id(ids)
    if told:
        code = "id-unlikely"
        yield Finding(code=code, severity=CODES[code], message=f"{what} {told}", place=desired.place(path))


def _odd_id(ids: Iterable[JobId]) -> str:
    """Say what is odd about the first id that the service cannot have given; "" where none is."""
    for job_id in sorted(ids):
        odd = _ODD.search(job_id)
        if odd and odd[0] in "*?":
            return f'takes the id {job_id} literally; a pattern is written match: {{id: "{job_id}"}}'
        if odd:
            character = odd[0] if odd[0].isascii() else f"U+{ord(odd[0]):04X}"
            return f"names the id {job_id}, and no id of the service has {character}; copy it anew"
    return ""


_ODD = re.compile(r"[^A-Za-z0-9._:~@=+/-]")
"""What no id that was ever seen has; the documented ones are of hexadecimal digits and dashes."""


def _of_rules(desired: DesiredState, as_of: datetime) -> Iterator[Finding]:
    shadowed = shadows(desired.retain)
    for index, rule in enumerate(desired.retain):
        founds = [found for check in CHECKS if (found := check(desired, rule, as_of))]
        if index in shadowed and not any(code == "rule-never-matches" for code, _, _ in founds):
            other = desired.retain[shadowed[index]].name
            founds.append(("rule-shadowed", "", f"keeps nothing that rule {other} does not keep; take one of them out"))
        for found in founds:
            finding = finding_of_rule(desired, index, found)
            if finding:
                yield finding


# -- checks of one rule


def _can_match(desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    # A job of unknown type is never out of scope for certain.
    if _owns_any(rule, (*desired.scope.types, JobType.UNKNOWN)):
        return None
    if _owns_any(rule, JobType):
        return "rule-out-of-scope", "match", "matches only types that scope leaves alone; widen scope, or take it out"
    return "rule-never-matches", "match", "can match no job: what it asks for excludes itself; correct its match"


def _owns_any(rule: RetainRule, types: Iterable[JobType]) -> bool:
    return any(Match.YES in answers(rule.selector, kind, status) for kind in types for status in STATUSES)


STATUSES = tuple(status for status in JobStatus if status is not JobStatus.CLEANED)


def _within(desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    within = rule.keep.within
    if within is None or within > desired.min_age or rule.protect or rule.archive_now:
        return None
    return (
        "keep-within-no-effect",
        "keep_within",
        f"keeps for {span_text(within)} what clean.min_age holds for {span_text(desired.min_age)} anyway; "
        "write a longer keep_within, or take it out",
    )


def _until(_desired: DesiredState, rule: RetainRule, as_of: datetime) -> Found | None:
    lapse = rule.lapses_at
    if lapse is None:
        return None
    ask = f"ask {rule.owner}"  # a rule with `until` has an owner
    if lapse <= as_of:
        return "until-passed", "until", f"lapsed at {utc_text(lapse)} and keeps nothing any more; {ask}, or take it out"
    if lapse - as_of <= SOON:
        return "until-soon", "until", f"lapses at {utc_text(lapse)}, in {span_text(lapse - as_of)}; {ask}"
    if lapse - as_of > FAR:
        return (
            "until-far",
            "until",
            f"lapses only at {utc_text(lapse)}, more than two years from now; is the year right?",
        )
    return None


def _ids(_desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    listed = len(literal_ids(rule.selector))
    if listed <= MANY_IDS:
        return None
    return "many-ids", "ids", f"lists {listed} ids; a label keeps long lists apart from rules"


def _odd_ids(_desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    told = _odd_id(literal_ids(rule.selector))
    return ("id-unlikely", "ids", told) if told else None


def _owner(_desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    is_bare = literal_ids(rule.selector) == {rule.name}
    if rule.owner or is_bare or not rule.keep.everything:
        return None
    return "owner-missing", "", "keeps all that it owns for ever and names no owner; say who to ask before it goes"


def _status(desired: DesiredState, rule: RetainRule, _as_of: datetime) -> Found | None:
    is_sure = not desired.scope.untyped_failures or asks_status(rule.selector)
    if is_sure or Match.UNKNOWN not in answers(rule.selector, JobType.UNKNOWN, JobStatus.FAILED):
        return None
    return (
        "status-missing",
        "match",
        "holds every failed job, as its body does not show what it is; add status: completed if they are not meant",
    )


CHECKS: tuple[Callable[[DesiredState, RetainRule, datetime], Found | None], ...] = (
    _can_match,
    _within,
    _until,
    _ids,
    _odd_ids,
    _owner,
    _status,
)


def jobs_text(count: int) -> str:
    """Write a number of jobs: `1 job`, `2 jobs`."""
    return "1 job" if count == 1 else f"{count} jobs"
