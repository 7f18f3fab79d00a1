"""Findings about a desired state against a list: rules and ids that meet nothing, groups that never shrink."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.findings import Finding
from reconciler.core.job import JobId
from reconciler.core.keeping import group_of
from reconciler.core.lint import finding_of_rule, jobs_text
from reconciler.core.rules import is_live
from reconciler.core.selector_facts import leaves, literal_ids
from reconciler.core.selectors import IdIn, Match, Selector, narrowed, ready
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Retained, Verdict

MOST_NAMED = 5


def lint_against(desired: DesiredState, verdicts: Sequence[Verdict], as_of: datetime) -> tuple[Finding, ...]:
    """Give what the verdicts over a whole list show about the file, in the order of its rules."""
    listed = frozenset(verdict.job.id for verdict in verdicts)
    planned = [verdict.job for verdict in verdicts if not isinstance(verdict, OutOfScope | Gone)]
    keeping = frozenset(rule for verdict in verdicts if isinstance(verdict, Retained) for rule in verdict.rules)
    alone = _kept_by_relation_alone(desired, verdicts)
    found: list[Finding | None] = []
    for index, rule in enumerate(desired.retain):
        if not is_live(rule, as_of):
            continue
        found += (finding_of_rule(desired, index, each) for each in _ids_not_listed(rule, listed))
        if not literal_ids(rule.selector) and rule.name not in keeping and not _owns_any(rule.selector, planned):
            found.append(
                finding_of_rule(desired, index, ("rule-matches-nothing", "match", "matches no job of the list now"))
            )
        found += (finding_of_rule(desired, index, each) for each in _groups_of_one(rule, planned))
        if rule.name in alone:
            found.append(finding_of_rule(desired, index, _relatives(alone[rule.name])))
    return tuple(finding for finding in found if finding)


def _ids_not_listed(rule: RetainRule, listed: frozenset[JobId]) -> Iterator[tuple[str, str, str]]:
    named = frozenset(job_id for leaf in leaves(rule.selector) if isinstance(leaf, IdIn) for job_id in leaf.ids)
    missing = sorted(named - listed)
    if missing:
        yield (
            "id-not-listed",
            "ids",
            f"names {_jobs(missing)} that the list does not have; take out what has gone, or correct the spelling",
        )


def _jobs(ids: Sequence[JobId]) -> str:
    names = ", ".join(ids[:MOST_NAMED]) + (", ..." if len(ids) > MOST_NAMED else "")
    return f"{jobs_text(len(ids))} ({names})"


def _owns_any(selector: Selector, planned: Iterable[Subject]) -> bool:
    """Tell whether a selector owns, or may own, any of these."""
    kinds: dict[tuple[object, object], Match | Selector] = {}
    for subject in planned:
        kind = (subject.type, subject.status)
        if kind not in kinds:
            kinds[kind] = narrowed(selector, subject.type, subject.status)
        left = kinds[kind]
        answer = left if isinstance(left, Match) else ready(left)(subject)
        if answer is not Match.NO:
            return True
    return False


def _groups_of_one(rule: RetainRule, planned: Iterable[Subject]) -> Iterator[tuple[str, str, str]]:
    if not rule.group_by:
        return
    test = ready(rule.selector)
    groups: set[tuple[str, ...]] = set()
    for subject in planned:
        if subject.is_terminal and test(subject) is Match.YES:
            group = group_of(rule.group_by, subject)
            if group in groups:
                return
            if group is not None:
                groups.add(group)
    if len(groups) > 1:
        keys = ", ".join(key.value for key in rule.group_by)
        yield (
            "groups-of-one",
            "group_by",
            f"groups by {keys}, and each of its {len(groups)} groups has one job: nothing ever goes; "
            "group by something that jobs share",
        )


def _kept_by_relation_alone(desired: DesiredState, verdicts: Iterable[Verdict]) -> dict[str, list[JobId]]:
    """Give the jobs that stay for nothing but a job that a rule keeps, by the name of that rule."""
    projects: dict[str, str] = {}
    keeper: dict[JobId, str] = {}
    related: list[Subject] = []
    for verdict in verdicts:
        if isinstance(verdict, Retained):
            keeper[verdict.job.id] = verdict.rules[0]
            if verdict.job.project:
                projects.setdefault(verdict.job.project, verdict.rules[0])
        elif isinstance(verdict, Held) and all(hold.code is HoldCode.RELATED for hold in verdict.holds):
            related.append(verdict.job)
    needed_by = {need: keeper[link.job] for link in desired.links if link.job in keeper for need in link.needs}
    found: dict[str, list[JobId]] = {}
    for subject in related:
        rule = needed_by.get(subject.id) or projects.get(subject.project)
        if rule:
            found.setdefault(rule, []).append(subject.id)
    return found


def _relatives(ids: list[JobId]) -> tuple[str, str, str]:
    return (
        "relative-not-kept",
        "",
        f"keeps jobs whose relatives no rule keeps: these stay only as long as those do, {_jobs(sorted(ids))}; "
        "widen the rule if they are meant to stay",
    )
