"""The desired-state file: what it means, what is refused, and where each message points."""

import json
from datetime import timedelta
from fractions import Fraction

import pytest
from jsonschema import Draft7Validator

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.job import KNOWN_TYPES, JobStatus, JobType
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Selector, StatusIn, TypeIn
from reconciler.desired.quantities import duration, share
from reconciler.desired.reader import parse_desired
from reconciler.errors import DesiredStateInvalid
from reconciler.published_schemas import schema

SHORT = "version: 1\naccount: acme\notherwise: clean\nretain: [keep-me]\n"
FULL = """\
# Everything that this version understands.
version: 1
account: acme
scope: {types: [render, preview]}
otherwise: clean
retain:
  - bare-id
  - name: launch
    ids: [one, two]
    owner: growth
    reason: live on the product page
  - {name: failures, match: {status: failed}}
  - match: {type: [image, video], status: completed}
  - name: every
archive:
  stores: ["file:./bags"]
clean:
  min_age: 36h
  max_jobs: 50
  max_share: 2.5%
"""


def read(text: str | bytes) -> DesiredState:
    return parse_desired(text.encode() if isinstance(text, str) else text, "r.yaml")


def problems(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(DesiredStateInvalid) as refused:
        read(text)
    return refused.value.problems


def with_rules(*rules: str) -> str:
    return SHORT.replace("retain: [keep-me]", "retain:\n" + "\n".join(f"  - {each}" for each in rules))


# -- what it means


def test_the_full_file_is_read_as_it_is_meant() -> None:
    state = read(FULL)
    assert (state.account, state.otherwise, state.stores, state.copies) == (
        "acme",
        Otherwise.CLEAN,
        ("file:./bags",),
        1,
    )
    assert state.scope.types == {JobType.RENDER, JobType.PREVIEW}
    assert not state.scope.untyped_failures
    assert state.min_age == timedelta(hours=36)
    assert (state.limits.max_jobs, state.limits.max_share) == (50, Fraction(1, 40))
    selectors: list[tuple[str, Selector]] = [(rule.name, rule.selector) for rule in state.retain]
    assert selectors == [
        ("bare-id", IdIn(frozenset({"bare-id"}))),  # type: ignore[arg-type]  # ids in the text are plain text
        ("launch", IdIn(frozenset({"one", "two"}))),  # type: ignore[arg-type]  # the same: ids are text here
        ("failures", StatusIn(frozenset({JobStatus.FAILED}))),
        (
            "retain[3]",
            AllOf((TypeIn(frozenset({JobType.IMAGE, JobType.VIDEO})), StatusIn(frozenset({JobStatus.COMPLETED})))),
        ),
        ("every", EveryJob()),
    ]
    assert (state.retain[1].owner, state.retain[1].reason) == ("growth", "live on the product page")


def test_what_is_left_out_has_the_defaults_that_the_schema_states() -> None:
    state = read(SHORT)
    assert state.scope.types == KNOWN_TYPES
    assert state.scope.untyped_failures
    assert (state.stores, state.copies, state.min_age) == (("file:./archive",), 1, timedelta(days=1))
    assert (state.limits.max_jobs, state.limits.max_share) == (100, Fraction(1, 4))
    stated = schema("desired-state.v1.json")["properties"]
    assert isinstance(stated, dict)
    clean = stated["clean"]["properties"]
    assert {name: clean[name]["default"] for name in ("min_age", "max_jobs", "max_share")} == {
        "min_age": "1d",
        "max_jobs": 100,
        "max_share": "25%",
    }
    assert stated["archive"]["properties"]["stores"]["default"] == ["file:./archive"]


def test_the_published_schema_is_one_and_accepts_the_full_file() -> None:
    Draft7Validator.check_schema(schema("desired-state.v1.json"))


# -- its name

SAME: dict[str, str] = {
    "comments": "# told\n" + SHORT + "# end\n",
    "the order of keys": "retain: [keep-me]\notherwise: clean\naccount: acme\nversion: 1\n",
    "block style": SHORT.replace("[keep-me]", "\n  - keep-me"),
    "quotes": SHORT.replace("keep-me", "'keep-me'"),
    "JSON": json.dumps({"version": 1, "account": "acme", "otherwise": "clean", "retain": ["keep-me"]}),
    "Windows line ends": SHORT.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + SHORT,
    "defaults written out": SHORT
    + 'archive: {stores: ["file:./archive"]}\nclean: {min_age: 1d, max_jobs: 100, max_share: 25%}\n',
}
OTHER: dict[str, str] = {
    "another id": SHORT.replace("keep-me", "keep-You"),
    "another account": SHORT.replace("acme", "acme2"),
    "another end": SHORT.replace("clean", "archive"),
    "a scope, even of all types": SHORT
    + "scope: {types: [render, preview, transcription, highlights, image, video]}\n",
    "a limit": SHORT + "clean: {max_jobs: 99}\n",
    "another store": SHORT + 'archive: {stores: ["file:./other"]}\n',
    "a reason": with_rules("{ids: [keep-me], reason: x}"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_layout_is_not_in_the_name_of_a_file(text: str) -> None:
    assert read(text).digest == read(SHORT).digest


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_every_meaning_is_in_the_name_of_a_file(text: str) -> None:  # I3
    assert read(text).digest != read(SHORT).digest


# -- text stays text

PLAIN_IDS = ["1e5", "007", "0x10", "0o17", "1_000", "12:30:45", "2027-01-31", "no", "on", "Yes", "1.50", "=", "+1", "-"]


@pytest.mark.parametrize("job_id", PLAIN_IDS)
def test_an_id_stays_as_it_is_written(job_id: str) -> None:
    (rule,) = read(with_rules(f"{{ids: [{job_id}]}}")).retain
    assert rule.selector == IdIn(frozenset({job_id}))  # type: ignore[arg-type]  # ids in the text are plain text
    if job_id != "-":
        assert read(SHORT.replace("keep-me", job_id)).retain[0].name == job_id


@pytest.mark.parametrize("word", ["true", "null", "~"])
def test_a_word_that_yaml_takes_for_a_value_must_be_quoted_to_be_an_id(word: str) -> None:
    assert problems(SHORT.replace("keep-me", word))
    assert read(SHORT.replace("keep-me", f"'{word}'")).retain[0].name == word


def test_numbers_stand_where_text_is_meant() -> None:
    state = read(with_rules("{ids: [a], owner: 42, reason: 1e3, name: 7}") + "clean: {min_age: 0}\n")
    assert (state.retain[0].owner, state.retain[0].reason, state.retain[0].name) == ("42", "1e3", "7")
    assert state.min_age == timedelta(0)


# -- what is refused

REFUSED: dict[str, tuple[str | bytes, list[str]]] = {
    "a duplicate deep inside": (
        FULL.replace("  max_jobs: 50\n", "  max_jobs: 50\n  max_jobs: 51\n"),
        ["r.yaml:20:3: max_jobs stands here twice, first in line 19; keep one of them"],
    ),
    "three of one key": (
        SHORT + "account: b\naccount: c\n",
        [
            "r.yaml:5:1: account stands here twice, first in line 2; keep one of them",
            "r.yaml:6:1: account stands here twice, first in line 2; keep one of them",
        ],
    ),
    "an anchor and an alias": (
        SHORT.replace("[keep-me]", "[&a keep-me, *a]"),
        [
            "r.yaml:4:10: &a names something to repeat; leave it out",
            "r.yaml:4:22: *a repeats something by name; write it out",
        ],
    ),
    "a merge": (SHORT + "clean:\n  <<: {max_jobs: 5}\n", ["r.yaml:6:3: << merges other mappings in"]),
    "a tag": (SHORT.replace("acme", "!!str acme"), ["r.yaml:2:10: the tag tag:yaml.org,2002:str is not used here"]),
    "a python tag": (SHORT.replace("acme", "!!python/object:os.system x"), ["r.yaml:2:10: the tag "]),
    "two documents": (SHORT + "---\n" + SHORT, ["r.yaml:5:1: a second document begins here"]),
    "a tab": (
        SHORT + "clean:\n\tmax_jobs: 5\n",
        ["r.yaml:6:1: this is not YAML: a tab stands here"],
    ),
    "a list alone": ("- a\n- b\n", ["r.yaml:1:1: the file is [a, b]; write keys and values"]),
    "text alone": ("hello", ["r.yaml:1:1: the file is hello; write keys and values"]),
    "only a comment": ("# nothing\n", ["r.yaml:1:1: the file is empty"]),
    "not UTF-8": (b"version: 1\naccount: \xff\n", ["r.yaml:2:1: the file is not UTF-8; save it as UTF-8"]),
    "a zero byte": (b"version: 1\naccount: a\x00b\n", ["this is not YAML"]),
    "nested deeply": ("a: " + "[" * 200 + "]" * 200, ["nested deeper than 64 levels"]),
    "another version": (SHORT.replace("version: 1", "version: 2"), ["r.yaml:1:10: version is 2; write 1"]),
    "no version": (SHORT.replace("version: 1\n", ""), ["r.yaml:1:1: version is missing; write version: 1"]),
    "ids and match": (
        with_rules("{ids: [a], match: {status: failed}}"),
        ["r.yaml:5:5: retain[0] has ids and match; write two rules, or one of them"],
    ),
    "an empty match": (with_rules("{match: {}}"), ["retain[0].match is empty"]),
    "an empty list of ids": (with_rules("{ids: []}"), ["retain[0].ids is empty"]),
    "an empty id": (SHORT.replace("keep-me", "''"), ["retain[0]"]),
    "an unknown type": (with_rules("{match: {type: movie}}"), ["retain[0].match.type is movie; write "]),
    "a type that is only ours": (with_rules("{match: {type: unknown}}"), ["retain[0].match.type is unknown"]),
    "a status that may not be chosen": (
        with_rules("{match: {status: cleaned}}"),
        ["retain[0].match.status is cleaned"],
    ),
    "the same id twice in a rule": (
        with_rules("{ids: [a, b, a]}"),
        ["r.yaml:5:18: the id a stands in line 5 already; keep one of them"],
    ),
    "the same bare id twice": (SHORT.replace("keep-me", "a, a"), ["the id a stands in line 4 already"]),
    "the same name twice": (
        with_rules("{name: x, ids: [a]}", "{name: x, ids: [b]}"),
        ["r.yaml:6:12: the rule name x stands in line 5 already"],
    ),
    "ids that differ in case": (
        with_rules("{ids: [abc]}", "{ids: [ABC]}"),
        ["r.yaml:6:12: the id ABC differs from abc in line 5 only in case; ids are compared exactly"],
    ),
    "a control character in an id": (SHORT.replace("keep-me", '"a\\u202eb"'), ["an id has no control characters"]),
    "a share over the whole": (SHORT + "clean: {max_share: 101%}\n", ["clean.max_share is 101%; write a percentage"]),
    "a share without a sign": (SHORT + "clean: {max_share: 10}\n", ["clean.max_share is 10"]),
    "an age in minutes": (SHORT + "clean: {min_age: 5m}\n", ["clean.min_age is 5m"]),
    "a number below zero": (SHORT + "clean: {max_jobs: -1}\n", ["clean.max_jobs is -1; write at least 0"]),
    "a fraction of jobs": (SHORT + "clean: {max_jobs: 1.5}\n", ["clean.max_jobs is 1.5; write a whole number"]),
    "a store of another kind": (SHORT + 'archive: {stores: ["s3://b"]}\n', ["archive.stores[0] is s3://b"]),
    "an account with a line": (SHORT.replace("acme", '"a\\nb"'), ["account is "]),
    "no without quotes is text": (SHORT.replace("clean", "no"), ["otherwise is no; write report or archive or clean"]),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_told_with_its_place(text: str | bytes, told: list[str]) -> None:
    found = problems(text)
    for line in told:
        assert any(line in problem for problem in found), found
    assert len(found) == len(told), found


def test_all_problems_are_told_in_the_order_of_their_places() -> None:
    text = "version: 3\nacount: x\notherwise: cleen\nretain: [a, a]\nclean: {max_share: 200%, max_jobs: x}\n"
    found = problems(text)
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)
    assert len(found) == 7  # version, account missing, acount, otherwise, the id, the share, the number


def test_a_large_file_is_read_and_a_larger_one_refused() -> None:
    rules = "".join(f"  - 00000000-0000-4000-8000-{number:012d}\n" for number in range(20_000))
    state = read(SHORT.replace(" [keep-me]", "\n" + rules))
    assert len(state.retain) == 20_000
    assert "more than 5000000" in problems(SHORT + "#" * 5_000_000)[0]


def test_a_place_is_told_for_keys_that_stand_and_for_keys_that_do_not() -> None:
    assert read(FULL).place("clean.max_jobs") == "r.yaml:19:13"
    assert read(SHORT).place("clean.max_jobs") == "r.yaml (add clean.max_jobs)"


# -- quantities


@pytest.mark.parametrize(("text", "hours"), [("0", 0), ("1h", 1), ("30d", 720), ("2w", 336), ("999999h", 999_999)])
def test_a_duration_is_elapsed_time(text: str, hours: int) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "1", "d", "1m", "1.5d", "-1d", "1 d", "1D", "1d2h", "٣d", "1000000h", "00"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a whole number"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [("0%", Fraction(0)), ("100%", Fraction(1)), ("33.333333%", Fraction(33333333, 10**8)), ("2.5 %", Fraction(1, 40))],
)
def test_a_share_is_exact(text: str, part: Fraction) -> None:
    assert share(text) == part


@pytest.mark.parametrize("text", ["", "10", "%", "100.1%", "1000%", "-1%", "1e1%", "٣%", ".5%", "5.%", "nan%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a percentage"):
        share(text)
