"""Lint: each finding where it belongs and only there, its severity, its place, and how a rule mutes it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pytest

from reconciler.core.desired import DesiredState
from reconciler.core.findings import Finding, Severity
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.lint import CODES, errors_of, lint, warnings_of
from reconciler.core.lint_live import lint_against
from reconciler.core.memory import LedgerView
from reconciler.core.retention import decide
from reconciler.desired.reader import parse_desired
from tests.support.values import NOON, inventory, job

ROOT = Path(__file__).parents[2]
HEAD = "version: 1\naccount: acme\notherwise: clean\n"
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)

Golden = Callable[[str, str], None]


def state(*rules: str, more: str = "", head: str = HEAD) -> DesiredState:
    return parse_desired(text(*rules, more=more, head=head), "r.yaml")


def text(*rules: str, more: str = "", head: str = HEAD) -> bytes:
    return (head + "retain:\n" + "".join(f"  - {rule}\n" for rule in rules) + more).encode()


def codes(desired: DesiredState) -> list[str]:
    return [finding.code for finding in lint(desired, AS_OF)]


def as_read(found: Iterable[Finding]) -> str:
    """Write all that a user sees of findings."""
    return "".join(
        f"  {each.line}\n    {each.severity.value} {each.code} {each.rule}".rstrip() + "\n" for each in found
    )


ALL_TYPES = ", ".join(kind.value for kind in JobType if kind is not JobType.UNKNOWN)
LABELS = "labels: {one: [a], two: [b, c]}\n"
USED = "{match: {label: one}, owner: o}"
FOUND: dict[str, tuple[str, DesiredState]] = {
    "a label that no rule names": ("label-unused", state(USED, more=LABELS)),
    "a label of one job that no rule names": ("label-unused", state("{match: {label: two}, owner: o}", more=LABELS)),
    "a thing and its opposite": (
        "rule-never-matches",
        state("{match: {name: a, status: completed, not: {name: a}}, owner: o}"),
    ),
    "a name of what has none": (
        "rule-never-matches",
        state("{match: {type: image, name: a, status: completed}, owner: o}"),
    ),
    "two types at once": (
        "rule-never-matches",
        state("{match: {all: [{type: image}, {type: video}], status: failed}, owner: o}"),
    ),
    "no type at all": (
        "rule-never-matches",
        state(f"{{match: {{status: failed, not: {{type: [{ALL_TYPES}]}}}}, owner: o}}"),
    ),
    "no state at all": (
        "rule-never-matches",
        state("{match: {not: {status: [in-progress, completed, failed]}}, keep_last: 1}"),
    ),
    "two labels without a common job": (
        "rule-never-matches",
        state("{match: {all: [{label: one}, {label: two}]}, owner: o}", more=LABELS),
    ),
    "a label without its jobs": (
        "rule-never-matches",
        state("{match: {label: one, id: 'b*'}, owner: o}", USED, "{match: {label: two}, owner: o}", more=LABELS),
    ),
    "two names at once": (
        "rule-never-matches",
        state("{match: {all: [{name: [a, b]}, {name: 'c*'}], status: completed}, owner: o}"),
    ),
    "a project that another key leaves out": (
        "rule-never-matches",
        state("{match: {project: p1, not: {project: 'p*'}, status: completed}, owner: o}"),
    ),
    "no name of all": (
        "rule-never-matches",
        state("{match: {name: 'a*', not: {name: '**'}, status: completed}, owner: o}"),
    ),
    "an alternative that leads nowhere": (
        "rule-never-matches",
        state("{match: {any: [{type: image, name: a}, {type: video, project: b}], status: failed}, owner: o}"),
    ),
    "a type outside the scope": (
        "rule-out-of-scope",
        state("{match: {type: image}, owner: o}", more="scope: {types: [render]}\n"),
    ),
    "a rule twice": ("rule-shadowed", state("{name: x, keep_last: 3}", "{name: y, keep_last: 3}")),
    "fewer of the same": ("rule-shadowed", state("{keep_last: 3}", "{keep_last: 4, keep_daily: 2}")),
    "a part of what is kept": (
        "rule-shadowed",
        state("{match: {status: failed}, owner: o}", "{match: {status: failed, type: image}, keep_within: 9d}"),
    ),
    "a shorter time": ("rule-shadowed", state("{match: {status: failed}, keep_within: 9d}", "{keep_within: 10d}")),
    "as long, of less": ("rule-shadowed", state("{match: {status: failed}, keep_within: 9d}", "{keep_within: 9d}")),
    "fewer, until the same day": (
        "rule-shadowed",
        state("{keep_last: 3, until: 2026-08-01, owner: o}", "{keep_last: 4, until: 2026-08-01, owner: o}"),
    ),
    "no longer than the least age": ("keep-within-no-effect", state("{keep_within: 1d}")),
    "a rule that has lapsed": (
        "until-passed",
        state("{keep_last: 1, until: 2026-02-28, owner: o}"),
    ),
    "a rule that lapses in two weeks": (
        "until-soon",
        state("{keep_last: 1, until: 2026-03-14, owner: o}"),
    ),
    "a rule that lapses in years": ("until-far", state("{keep_last: 1, until: 2028-03-01, owner: o}")),
    "many ids": ("many-ids", state("{owner: o, ids: [" + ", ".join(f"id-{n}" for n in range(51)) + "]}")),
    "an id with a letter that looks alike": ("id-unlikely", state("6\u0441-1")),
    "an id with a long dash": ("id-unlikely", state("{owner: o, ids: [a\u20131, b]}")),
    "a pattern as an id": ("id-unlikely", state('"6c1f*"')),
    "a pattern under a label": ("id-unlikely", state(USED, more="labels: {one: ['6c1f*']}\n")),
    "a quoted quote as what a job needs": (
        "id-unlikely",
        state("a", more="links: [{job: a, needs: [\u201cb\u201d]}]\n"),
    ),
    "two ids with a comma": ("id-unlikely", state("a,b")),
    "no second reading": ("no-second-read", state(USED, more="labels: {one: [a]}\narchive: {second_read: never}\n")),
    "no ledger": ("trust-without-ledger", state(USED, more="labels: {one: [a]}\nclock: {trust: [imported]}\n")),
    "nobody to ask": ("owner-missing", state("{ids: [a]}")),
    "failures of unknown type": ("status-missing", state("{match: {type: render}, keep_last: 1}")),
    "failures of unknown name": ("status-missing", state("{match: {name: 'a*'}, keep_last: 1}")),
}


@pytest.mark.parametrize(("code", "desired"), FOUND.values(), ids=FOUND.keys())
def test_what_is_hardly_meant_is_found(code: str, desired: DesiredState) -> None:
    assert codes(desired) == [code]


def test_what_is_found_reads_as_it_was_judged_right(golden: Golden) -> None:
    golden("lint.txt", "\n".join(f"{case}\n{as_read(lint(desired, AS_OF))}" for case, (_, desired) in FOUND.items()))


FINE: dict[str, DesiredState] = {
    "a bare id": state("an-id"),
    "labels in use": state(USED, "{match: {not: {label: two}, status: failed}, keep_last: 2}", more=LABELS),
    "a thing or its opposite": state("{match: {any: [{name: a}, {not: {name: a}}], status: failed}, owner: o}"),
    "one name of two": state("{match: {all: [{name: [a, cd]}, {name: 'c*'}], status: completed}, owner: o}"),
    "a star that is meant": state("{match: {all: [{name: 'a\\*'}, {name: 'a?'}], status: completed}, owner: o}"),
    "jobs without a name": state("{match: {not: {name: '*'}, status: completed}, owner: o}"),
    "a type that failed": state("{match: {type: render, status: failed}, owner: o}"),
    "other groups": state("{keep_last: 3, group_by: [name]}", "{keep_last: 3, group_by: [type]}"),
    "more, of less": state("{match: {status: failed}, keep_last: 3}", "{keep_last: 3}"),
    "all, of less": state("{match: {status: failed}, owner: o}", "{keep_last: 3}"),
    "longer, of less": state("{match: {status: failed}, keep_within: 90d}", "{keep_within: 30d}"),
    "for longer": state("{keep_last: 3}", "{keep_last: 4, until: 2026-08-01, owner: o}"),
    "protected": state("{keep_last: 3, protect: true, owner: o}", "{keep_last: 4}"),
    "copied": state("{keep_last: 3, archive: now}", "{keep_last: 4}"),
    "the same id for two reasons": state("{name: x, ids: [a], owner: o}", "{name: y, ids: [a, b], owner: p}", "a"),
    "longer than the least age": state("{keep_within: 25h}"),
    "no longer than the least age, and protected": state("{keep_within: 1d, protect: true, owner: o}"),
    "no longer than the least age, and copied": state("{keep_within: 1d, archive: now}"),
    "ids as the service spells them": state("6C1f-b5_2", "20260301091500123c0ffee", "a.b:c~d@e=f+g/h"),
    "fifty ids": state("{owner: o, ids: [" + ", ".join(f"id-{n}" for n in range(50)) + "]}"),
    "a written scope leaves failures out": state(
        "{match: {type: render}, keep_last: 1}", more="scope: {types: [render]}\n"
    ),
    "a name, where only jobs of a type unknown can have one": state(
        "{match: {name: a}, keep_last: 1}", more="scope: {types: [image]}\n"
    ),
    "the status is asked": state("{match: {type: render, status: completed}, keep_last: 1}"),
}


@pytest.mark.parametrize("desired", FINE.values(), ids=FINE.keys())
def test_what_may_well_be_meant_is_not_found(desired: DesiredState) -> None:
    assert codes(desired) == []


def test_of_two_equal_rules_the_later_one_is_named_and_of_more_all_but_the_first() -> None:
    found = lint(state("{name: x, keep_last: 3}", "{name: y, keep_last: 3}", "{name: z, keep_last: 3}"), AS_OF)
    assert [finding.rule for finding in found] == ["y", "z"]


@pytest.mark.parametrize(
    ("parts", "asked", "found"),
    [*((8, asked, True) for asked in range(9)), *((9, asked, asked in {0, 1, 9}) for asked in range(10))],
)
def test_a_wider_rule_is_sought_among_all_parts_of_a_short_match_and_few_of_a_long_one(
    parts: int, asked: int, found: bool
) -> None:
    match = [f"{{id: '*{number}*'}}" for number in range(parts)]
    narrow, wide = (
        f"{{match: {{all: [{', '.join(some)}]}}, keep_within: 9d}}" if some else "{keep_within: 9d}"
        for some in (match, match[:asked])
    )
    assert codes(state(narrow, wide)) == (["rule-shadowed"] if found else [])


@pytest.mark.parametrize(("alike", "found"), [(19, True), (20, False)])
def test_a_wider_rule_is_sought_among_the_first_twenty_that_ask_the_same(alike: int, found: bool) -> None:
    lapsing = "{keep_last: 1, until: 2026-08-01, owner: o}"
    shadowed = {finding.rule for finding in lint(state(*[lapsing] * alike, "{keep_last: 2}"), AS_OF)}
    assert ("retain[0]" in shadowed) is found
    assert shadowed.issuperset(f"retain[{index}]" for index in range(1, alike))  # each for the sake of the first


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("match: {status: failed, type: image}, owner: o", "match: {status: failed}, owner: o"),
        ("match: {status: failed}, keep_within: 9d", "keep_within: 9d"),
        ("match: {status: failed}, keep_within: 9d", "keep_within: 10d"),
        ("keep_last: 3", "keep_last: 4"),
    ],
)
def test_a_shadowed_rule_is_found_above_and_below_the_other(narrow: str, wide: str) -> None:
    rules = [f"{{name: narrow, {narrow}}}", f"{{name: wide, {wide}}}"]
    for order in (1, -1):
        assert [finding.rule for finding in lint(state(*rules[::order]), AS_OF)] == ["narrow"]


def test_a_rule_has_all_its_findings_but_one_that_never_matches_is_not_called_shadowed_too() -> None:
    wide = "{match: {status: failed}, owner: o}"
    assert codes(state(wide, "{match: {status: failed, type: image}}")) == ["owner-missing", "rule-shadowed"]
    assert codes(state(wide, "{match: {status: failed, type: image, name: a}, owner: o}")) == ["rule-never-matches"]


def test_a_finding_has_its_place_and_says_what_to_do() -> None:
    (found,) = lint(state("{name: launch, keep_last: 1, owner: growth, until: 2026-03-10}"), AS_OF)
    assert found == Finding(
        code="until-soon",
        severity=Severity.WARNING,
        message="rule launch lapses at 2026-03-11T00:00:00Z, in 9d 12h; ask growth",
        place="r.yaml:5:56",
        rule="launch",
    )


@pytest.mark.parametrize("name", ["r.yaml", "here:r.yaml", "7:8:r.yaml"])
def test_findings_come_in_the_order_of_the_file_whatever_its_name(name: str) -> None:
    rules = ("{keep_last: 9, match: {status: failed}}", "{keep_within: 1d}", *["{ids: [a]}"] * 6)
    desired = parse_desired(text(*rules, more="labels: {one: [a]}\nclock: {trust: [imported]}\n"), name)
    places = [finding.place for finding in lint(desired, AS_OF)]
    stand_at = ["6:19", *(f"{line}:5" for line in range(7, 13)), "13:15", "14:16"]
    assert places == [f"{name}:{place}" for place in stand_at]


def test_what_stands_nowhere_in_the_file_comes_first() -> None:
    written = parse_desired(text("{ids: [a]}", more="clock: {trust: [imported]}\n"), "here:r.yaml")
    places = {path: place for path, place in written.places.items() if path != "clock.trust"}
    found = lint(replace(written, places=places), AS_OF)
    assert [finding.place for finding in found] == ["here:r.yaml (add clock.trust)", "here:r.yaml:5:5"]


def test_an_unused_label_is_an_error_only_where_jobs_may_be_lost() -> None:
    for otherwise, severity in (("clean", Severity.ERROR), ("archive", Severity.WARNING), ("report", Severity.WARNING)):
        found = lint(state(USED, more=LABELS, head=HEAD.replace("clean", otherwise)), AS_OF)
        assert [finding.severity for finding in found] == [severity]


def test_a_rule_mutes_what_it_names_and_nothing_else() -> None:
    rule = "{{ids: [a], mute: [{{code: {}, reason: known}}]}}"
    assert codes(state(rule.format("owner-missing"))) == []
    assert codes(state(rule.format("many-ids"))) == ["owner-missing"]


def test_errors_and_warnings_are_told_apart() -> None:
    found = lint(state("{keep_within: 1d}", "{ids: [z]}", more=LABELS), AS_OF)
    assert {finding.code for finding in errors_of(found)} == {"label-unused"}
    assert {finding.code for finding in warnings_of(found)} == {"keep-within-no-effect"}
    assert {finding.code for finding in found} == {"label-unused", "keep-within-no-effect", "owner-missing"}


# -- against a list


def found_live(desired: DesiredState, *jobs: Job) -> tuple[Finding, ...]:
    return lint_against(desired, decide(desired, inventory(*jobs), LedgerView(), NOON), NOON)


def live(desired: DesiredState, *jobs: Job) -> list[tuple[str, str]]:
    return [(finding.code, finding.rule) for finding in found_live(desired, *jobs)]


def named(job_id: str, name: str, project: str = "", job_type: JobType = JobType.RENDER) -> Job:
    return replace(job(job_id, job_type), name=name, project=project)


AT_ONCE = "clean: {min_age: 0}\n"
BY_BOTH = "{match: {status: completed}, keep_last: 1, group_by: [project, name]}"
LIVE: dict[str, tuple[DesiredState, tuple[Job, ...]]] = {
    "a rule that meets no job": (state("{name: x, match: {type: image}, keep_within: 9d}"), (job("a"),)),
    "a bare id that is not listed": (state("gone-1"), (job("a"),)),
    "as many ids as are named": (state("{owner: o, ids: [g5, g4, a, g3, g2, g1]}"), (job("a"),)),
    "more ids than are named": (state("{owner: o, ids: [g6, g5, g4, g3, g2, g1]}"), (job("a"),)),
    "an id of a label": (state(USED, more="labels: {one: [a, gone-1]}\n"), (job("a"),)),
    "groups of one job each": (state(BY_BOTH), (named("a", "one", "p"), named("b", "two", "p"))),
    "a relative that no rule keeps": (
        state("{match: {name: keep, status: completed}, keep_last: 1}", more=AT_ONCE),
        (named("a", "keep", "p1"), named("b", "other", "p1")),
    ),
    "two that a kept job needs": (
        state("{ids: [a], owner: o}", more="links: [{job: a, needs: [c, b]}]\n" + AT_ONCE),
        (job("a"), job("c"), job("b")),
    ),
}


def test_what_is_found_against_a_list_reads_as_it_was_judged_right(golden: Golden) -> None:
    told = [f"{case}\n{as_read(found_live(desired, *jobs))}" for case, (desired, jobs) in LIVE.items()]
    golden("lint-live.txt", "\n".join(told))


def test_a_rule_that_meets_no_job_is_found() -> None:
    desired = state("{name: x, match: {type: image}, keep_within: 9d}", "{name: y, match: {type: render}, owner: o}")
    assert live(desired, job("a")) == [("rule-matches-nothing", "x")]
    assert live(desired, job("a"), job("b", JobType.IMAGE)) == []


def test_a_rule_that_meets_only_what_is_cleaned_or_out_of_scope_is_found() -> None:
    desired = state("{name: x, match: {name: 'a*'}, keep_last: 1}", more="scope: {types: [render]}\n")
    cleaned, preview = replace(named("c", "a1"), status=JobStatus.CLEANED), named("p", "a2", job_type=JobType.PREVIEW)
    assert live(desired, cleaned, preview) == [("rule-matches-nothing", "x")]
    assert live(desired, cleaned, preview, named("r", "a3")) == []


def test_a_rule_that_may_meet_a_job_is_not_found() -> None:
    desired = state("{name: x, match: {name: 'intro-*', status: completed}, keep_last: 1}")
    assert live(desired, job("a")) == []  # it shows no name: the rule may own it
    assert live(desired, named("a", "outro-1")) == [("rule-matches-nothing", "x")]


def test_a_rule_that_meets_jobs_of_another_state_alone_is_found() -> None:
    desired = state("{name: x, match: {status: failed}, keep_last: 1}")
    assert live(desired, job("a"), job("b", JobType.IMAGE)) == [("rule-matches-nothing", "x")]


def test_a_lapsed_rule_is_told_once_and_the_rules_below_it_as_ever() -> None:
    lapsed = "{keep_last: 1, match: {type: image}, until: 2025-01-01, owner: o}"
    assert live(state(lapsed), job("a")) == []
    assert live(state(lapsed, "{name: x, match: {type: video}, keep_last: 1}"), job("a")) == [
        ("rule-matches-nothing", "x")
    ]


def test_ids_that_are_not_listed_are_named() -> None:
    desired = state("{name: x, ids: [a, gone-1, gone-2], owner: o}", "bare", USED, more="labels: {one: [a, z]}\n")
    assert live(desired, job("a")) == [
        ("id-not-listed", "x"),
        ("id-not-listed", "bare"),
        ("id-not-listed", "retain[2]"),
    ]


def test_groups_of_one_job_each_are_found() -> None:
    desired = state("{name: x, match: {status: completed}, keep_last: 1, group_by: [name]}")
    assert live(desired, named("a", "one"), named("b", "two")) == [("groups-of-one", "x")]
    assert live(desired, named("a", "one"), named("b", "two"), named("c", "two")) == []
    assert live(desired, named("a", "one")) == []


def test_only_jobs_that_take_a_slot_make_a_group() -> None:
    desired = state("{name: x, match: {type: render}, keep_last: 1, group_by: [name]}")
    groups = named("a", "one"), named("b", "two")
    running = replace(job("c", status=JobStatus.IN_PROGRESS), name="one")
    others = named("d", "one", job_type=JobType.PREVIEW), named("e", "one", job_type=JobType.PREVIEW)
    assert live(desired, *groups, running, *others) == [("groups-of-one", "x")]


def test_what_stays_for_a_relative_alone_is_found() -> None:
    desired = state("{name: x, match: {name: keep, status: completed}, keep_last: 1}", more="clean: {min_age: 0}\n")
    found = live(desired, named("a", "keep", "p1"), named("b", "other", "p1"), named("c", "other", "p2"))
    assert found == [("relative-not-kept", "x")]


def test_what_a_link_needs_and_no_rule_keeps_is_found() -> None:
    desired = state("{name: x, ids: [a], owner: o}", more="links: [{job: a, needs: [b]}]\nclean: {min_age: 0}\n")
    assert live(desired, job("a"), job("b")) == [("relative-not-kept", "x")]


def test_what_stays_for_the_sake_of_a_held_job_is_no_matter_of_a_rule() -> None:
    desired = state("{ids: [a], owner: o}", more="links: [{job: held, needs: [b]}]\n" + AT_ONCE)
    assert live(desired, job("a"), job("held", contradictions=("its ids disagree",)), job("b")) == []


def test_live_findings_can_be_muted_too() -> None:
    rule = "{match: {type: image}, keep_within: 9d, mute: [{code: rule-matches-nothing, reason: from March on}]}"
    assert live(state(rule), job("a")) == []


# -- much of it

IDS = ", ".join(f"i{number}" for number in range(9_000))
GLOBS = ", ".join(f"'z{number}*'" for number in range(9_000))
PARTS = ", ".join(f"{{name: 'a{number}'}}, {{not: {{project: 'b{number}'}}}}" for number in range(3_500))
CROWDED: dict[str, Callable[[], DesiredState]] = {
    "ids and patterns": lambda: state(f"{{match: {{label: l, id: [{GLOBS}]}}}}", more=f"labels: {{l: [{IDS}]}}\n"),
    "a pattern in each rule": lambda: state(
        *(f"{{match: {{label: l, id: 'z{number}*'}}}}" for number in range(2_000)), more=f"labels: {{l: [{IDS}]}}\n"
    ),
    "opposites": lambda: state(f"{{match: {{all: [{PARTS}]}}, keep_last: 1}}"),
    "rules that ask the same": lambda: state(*(f"{{keep_last: {number}}}" for number in range(1, 9_900))),
    "labels": lambda: state(
        *(f"{{match: {{label: l{number}}}}}" for number in range(3_500)),
        more="labels:\n" + "".join(f"  l{number}: [a]\n" for number in range(3_500)),
    ),
}


@pytest.mark.parametrize("make", CROWDED.values(), ids=CROWDED.keys())
def test_whatever_stands_in_a_file_lint_ends_soon(make: Callable[[], DesiredState]) -> None:
    begun = process_time()
    lint(make(), AS_OF)
    assert process_time() - begun < 8, "two seconds on a quiet machine"


# -- the page


def test_the_page_about_lint_has_every_code_with_its_severity_and_an_example_each() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (error|warning|note)", page, flags=re.MULTILINE))
    assert rows == {code: severity.value for code, severity in CODES.items()}
    for code in CODES:
        part = page.partition(f"## {code}\n")[2].partition("\n## ")[0]
        assert "```yaml\n" in part, code


def test_every_code_is_found_by_some_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for code in CODES:
        assert f'"{code}"' in text, code


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (-SECOND, ["until-passed"]),
        (0 * DAY, ["until-passed"]),
        (SECOND, ["until-soon"]),
        (14 * DAY, ["until-soon"]),
        (14 * DAY + SECOND, []),
        (730 * DAY, []),
        (730 * DAY + SECOND, ["until-far"]),
    ],
)
def test_a_lapse_is_announced_by_the_time_that_is_left_to_the_second(left: timedelta, found: list[str]) -> None:
    desired = state("{keep_last: 1, until: 2026-06-01, owner: o}")
    lapse = datetime(2026, 6, 2, tzinfo=UTC)
    assert [finding.code for finding in lint(desired, lapse - left)] == found


def test_a_failed_job_of_unknown_type_is_what_the_advice_is_about() -> None:
    desired = state("{match: {type: render}, keep_last: 1}", more="clean: {min_age: 0}\n")
    failed = job("f", JobType.UNKNOWN, JobStatus.FAILED)
    (verdict,) = decide(desired, inventory(failed), LedgerView(), NOON)
    assert [hold.code.value for hold in getattr(verdict, "holds", ())] == ["rule_undecided"]
    assert verdict.job.id == JobId("f")
