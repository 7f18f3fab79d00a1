"""The file that `init` writes: valid whatever the account holds, and no name in it is more than a comment (I12)."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.desired import Otherwise
from reconciler.core.globs import fits
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.plan_making import compute_plan
from reconciler.core.survey import MOST_NAMES, name_glob, survey
from reconciler.desired.reader import parse_desired
from reconciler.published_schemas import schema
from reconciler.report.first_file import first_file, quoted
from tests.support.values import DAY, NOON, inventory, job, listings, memory

Golden = Callable[[str, str], None]

HOSTILE = [
    "a\nretain: [x]\n#",
    "a\r\notherwise: clean",
    "'}\n- all: '",
    "a\x85otherwise: clean",
    "a\u2028otherwise: clean",
    "\u202egnp.exe",
    "a\x00b",
    "\ud83d half",
    "# - {} [] & * ! | > % @ `",
    "\\*?",
    "it's",
    "x" * 500,
    "\x1b[31mred",
]


def named(*names: str, job_type: JobType = JobType.RENDER) -> list[Job]:
    """Two jobs of each name."""
    return [
        replace(job(f"{place}-{twin}", job_type), name=name) for place, name in enumerate(names) for twin in ("a", "b")
    ]


def written(listed: Inventory, account: str = "acme") -> str:
    return first_file(survey(listed), account, NOON)


def test_a_first_file_looks_as_it_was_judged_right(golden: Golden) -> None:
    jobs = (
        *named("product-001", "product-002", "it's 1 take"),
        replace(job("p", JobType.PREVIEW), shared_at=NOON),
        job("f", JobType.UNKNOWN, JobStatus.FAILED, assets=()),
        job("u", JobType.UNKNOWN, JobStatus.UNKNOWN, assets=()),
        job("s", JobType.VIDEO, JobStatus.UNSTATED),
    )
    dates = {JobId("s"): NOON - 30 * DAY}
    golden("first-file.yaml", written(replace(inventory(*jobs), created_dates=dates), "acme"))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("job_type", [JobType.RENDER, JobType.UNKNOWN])
def test_no_name_is_more_than_a_comment(name: str, job_type: JobType) -> None:  # I12
    jobs = named(name, job_type=job_type)
    text = written(inventory(*jobs))
    plain = written(inventory(*named("plain", job_type=job_type)))
    assert parse_desired(text.encode(), "f").digest == parse_desired(plain.encode(), "f").digest
    assert [line for line in text.splitlines() if not line.lstrip().startswith("#")] == [
        line for line in plain.splitlines() if not line.lstrip().startswith("#")
    ]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", text)


@given(listings(), st.lists(st.text(max_size=20), max_size=8))
def test_whatever_is_listed_the_file_is_valid_and_lets_nothing_go(listed: tuple[Job, ...], names: list[str]) -> None:
    jobs = [replace(each, name=names[place] if place < len(names) else "") for place, each in enumerate(listed)]
    whole = inventory(*jobs)
    desired = parse_desired(written(whole).encode(), "f")
    assert desired.otherwise is Otherwise.REPORT
    view = memory(*(each.id for each in jobs), seen=NOON - 400 * DAY)
    plan = compute_plan(desired, whole, view, created_at=NOON, expires_at=NOON + DAY, tool_version="0")
    assert plan.changes == ()


@pytest.mark.parametrize("account", ["acme", "123", "no", "1e5", "null", "a@b c", "0x1f"])
def test_the_account_is_text_whatever_it_looks_like(account: str) -> None:
    assert parse_desired(written(inventory(), account).encode(), "f").account == account


def test_the_ideas_are_rules_without_their_hashes() -> None:
    text = written(inventory(*named("it's 1 take", "product-001", "product-002")))
    ideas = re.search(r"#  - name: fresh\n.*?(?=\n\n)", text, re.DOTALL)
    assert ideas
    rules = re.sub(r"(?m)^#", "", ideas[0])
    assert rules.count("- name:") == 3
    if "keep_last" in schema("desired-state.v1.json")["definitions"]["rule"]["properties"]:
        matches = re.findall(r"(?m)^#    (match: .*)   # ", text)
        named_too = "".join(f"  - {each}\n" for each in matches)
        given_out = text.replace("retain:\n", f"retain:\n{rules}\n{named_too}", 1)
        before = len(parse_desired(text.encode(), "f").retain)
        assert len(parse_desired(given_out.encode(), "f").retain) == before + 3 + len(matches)


# -- names


@pytest.mark.parametrize(
    ("name", "glob"),
    [
        ("product-001", "product-*"),
        ("take 3 of 9", "take *"),
        ("an-orchard", "an-orchard"),
        ("2026-01 film", "2026-01 film"),
        ("ab1", "ab1"),
        ("abc1", "abc*"),
        ("take 1\nof 2", "take *"),
        ("50% *off*? \\ 1", "50% \\*off\\*\\? \\\\ 1"),
        ("what? 1", "what\\? *"),
    ],
)
def test_a_name_becomes_a_glob_that_fits_its_kind(name: str, glob: str) -> None:
    assert name_glob(name) == glob


@given(st.text(min_size=1, max_size=30))
def test_a_name_fits_its_own_glob(name: str) -> None:
    assert fits((name_glob(name),), name)


def test_only_names_that_recur_are_told_and_not_too_many() -> None:
    jobs = [*named("twice"), replace(job("once"), name="once")]
    assert [(seen.glob, seen.jobs) for seen in survey(inventory(*jobs)).names] == [("twice", 2)]
    many = survey(inventory(*named(*(f"{chr(97 + number) * 3}-x" for number in range(20))))).names
    assert len(many) == MOST_NAMES


def test_months_are_counted_apart_from_jobs_that_show_no_time() -> None:
    dated = [replace(job(f"{number}"), shared_at=NOON - number * 31 * DAY) for number in (0, 1, 1, 2)]
    months = (("2025-12", 1), ("2026-01", 2), ("2026-03", 1))
    for undated in range(3):
        found = survey(inventory(*dated, *(job(f"u{number}") for number in range(undated))))
        assert (found.months, found.undated, found.jobs) == (months, undated, 4 + undated)


def test_what_is_quoted_stays_on_its_line() -> None:
    assert quoted("it's\n\x1b") == "'it''s??'"
