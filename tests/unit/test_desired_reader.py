"""The desired-state file: what it means, what is refused, and where each message points."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from reconciler.core.desired import DesiredState, Otherwise, Store
from reconciler.core.job import KNOWN_TYPES, TERMINAL, JobId, JobStatus, JobType
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
from reconciler.desired.quantities import duration, share
from reconciler.desired.reader import parse_desired, read_desired
from reconciler.errors import DesiredStateInvalid
from reconciler.published_schemas import schema

SHORT = "version: 1\naccount: acme\notherwise: clean\nretain: [keep-me]\n"
FULL = """\
# Rules of every form.
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
  - {name: every, keep_within: 30d}
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
        (Store(address="file:./bags"),),
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
    assert (state.stores, state.copies, state.min_age) == ((Store(address="file:./archive"),), 1, timedelta(days=1))
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


SCHEMA = schema("desired-state.v1.json")


def test_the_published_schema_is_one_and_accepts_the_full_file() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator.check_schema(json.loads(json.dumps(SCHEMA)))
    full = {
        "version": 1,
        "account": "acme",
        "scope": {"types": ["render"]},
        "otherwise": "clean",
        "retain": ["a", {"ids": ["b"], "owner": "o"}, {"match": {"type": ["image"], "status": "failed"}}],
        "archive": {"stores": ["file:./bags"]},
        "clean": {"min_age": "36h", "max_jobs": 50, "max_share": "2.5%"},
    }
    assert list(Draft7Validator(SCHEMA).iter_errors(full)) == []


def parts_of(part: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object inside the schema, with where it stands."""
    if isinstance(part, dict):
        yield path, part
        for name, inner in part.items():
            yield from parts_of(inner, f"{path}/{name}")


def keys_of(part: dict[str, Any]) -> dict[str, Any]:
    properties = part.get("properties", {})
    return {name: inner for name, inner in properties.items() if isinstance(inner, dict)}


STATED = [
    (f"{path}/{name}", inner, value)
    for path, part in parts_of(SCHEMA)
    for name, inner in keys_of(part).items()
    for value in (*inner.get("examples", []), *([inner["default"]] if "default" in inner else []))
]


@pytest.mark.parametrize(("part", "value"), [each[1:] for each in STATED], ids=[f"{p}={v}" for p, _, v in STATED])
def test_what_the_schema_gives_as_an_example_or_a_default_it_accepts(part: dict[str, Any], value: object) -> None:
    whole = {**part, "definitions": SCHEMA["definitions"]}
    assert list(Draft7Validator(whole).iter_errors(value)) == []


def test_every_object_of_the_schema_refuses_other_keys_and_describes_its_own() -> None:
    for path, part in parts_of(SCHEMA):
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False, path
            for name, inner in part["properties"].items():
                assert inner.get("description") or "$ref" in inner, f"{path}/{name}"


def test_the_words_of_the_schema_are_those_of_the_program() -> None:
    words = {name: set(SCHEMA["definitions"][name]["enum"]) for name in ("type", "status")}
    assert words["type"] == {kind.value for kind in KNOWN_TYPES}
    assert words["status"] == {each.value for each in (JobStatus.IN_PROGRESS, *TERMINAL)}
    assert set(SCHEMA["properties"]["otherwise"]["enum"]) == {each.value for each in Otherwise}


SELECTORS: dict[str, tuple[str, Selector]] = {
    "one type": ("{match: {type: render}}", TypeIn(frozenset({JobType.RENDER}))),
    "a list of one type": ("{match: {type: [render]}}", TypeIn(frozenset({JobType.RENDER}))),
    "types": ("{match: {type: [render, image]}}", TypeIn(frozenset({JobType.RENDER, JobType.IMAGE}))),
    "one status": ("{match: {status: in-progress}}", StatusIn(frozenset({JobStatus.IN_PROGRESS}))),
    "states": (
        "{match: {status: [failed, completed]}}",
        StatusIn(frozenset({JobStatus.FAILED, JobStatus.COMPLETED})),
    ),
    "both": (
        "{match: {status: failed, type: video}}",
        AllOf((TypeIn(frozenset({JobType.VIDEO})), StatusIn(frozenset({JobStatus.FAILED})))),
    ),
    "what it keeps alone": ("{keep_within: 30d}", EveryJob()),
    "a name": ("{match: {name: 'product-*'}}", NameLike(("product-*",))),
    "names": ("{match: {name: [a, 'b?']}}", NameLike(("a", "b?"))),
    "an id's glob": ("{match: {id: '6c*'}}", IdLike(("6c*",))),
    "a project": ("{match: {project: 1e5}}", ProjectLike(("1e5",))),
    "a label": ("{match: {label: one}}", IdIn(frozenset({JobId("x"), JobId("y")}), "one")),
    "labels": (
        "{match: {label: [one, two]}}",
        AnyOf((IdIn(frozenset({JobId("x"), JobId("y")}), "one"), IdIn(frozenset({JobId("z")}), "two"))),
    ),
    "any": (
        "{match: {any: [{type: render}, {status: failed}]}}",
        AnyOf((TypeIn(frozenset({JobType.RENDER})), StatusIn(frozenset({JobStatus.FAILED})))),
    ),
    "any of one": ("{match: {any: [{type: render}]}}", TypeIn(frozenset({JobType.RENDER}))),
    "all": (
        "{match: {all: [{name: a}, {not: {name: b}}]}}",
        AllOf((NameLike(("a",)), NotOf(NameLike(("b",))))),
    ),
    "not": ("{match: {not: {type: preview}}}", NotOf(TypeIn(frozenset({JobType.PREVIEW})))),
    "nested": (
        "{match: {status: failed, not: {any: [{name: a}, {type: image, name: b}]}}}",
        AllOf(
            (
                StatusIn(frozenset({JobStatus.FAILED})),
                NotOf(AnyOf((NameLike(("a",)), AllOf((TypeIn(frozenset({JobType.IMAGE})), NameLike(("b",))))))),
            )
        ),
    ),
    "ids": ("{ids: [a, 'b:c']}", IdIn(frozenset({JobId("a"), JobId("b:c")}))),
    "a bare id": ("an-id", IdIn(frozenset({JobId("an-id")}))),
}


@pytest.mark.parametrize(("rule", "selector"), SELECTORS.values(), ids=SELECTORS.keys())
def test_each_form_of_a_rule_owns_what_it_says(rule: str, selector: Selector) -> None:
    assert read(with_rules(rule) + "labels: {one: [x, y], two: [z]}\n").retain[0].selector == selector


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    state = read(with_rules("{ids: [a]}", "bare", "{keep_last: 2}"))
    assert [rule.name for rule in state.retain] == ["retain[0]", "bare", "retain[2]"]


@pytest.mark.parametrize("key", ["archive", "clean"])
def test_an_empty_group_leaves_everything_at_its_default(key: str) -> None:
    assert read(SHORT + f"{key}: {{}}\n") == read(SHORT)


@pytest.mark.parametrize("key", ["min_age: 2d", "max_jobs: 3", "max_share: 5%"])
def test_one_limit_leaves_the_others_at_their_default(key: str) -> None:
    state, short = read(SHORT + f"clean: {{{key}}}\n"), read(SHORT)
    differs = [
        state.min_age != short.min_age,
        state.limits.max_jobs != short.limits.max_jobs,
        state.limits.max_share != short.limits.max_share,
    ]
    assert sum(differs) == 1


# -- its name

SAME: dict[str, str] = {
    "comments": "# told\n" + SHORT + "# end\n",
    "the order of keys": "retain: [keep-me]\notherwise: clean\naccount: acme\nversion: 1\n",
    "block style": SHORT.replace("[keep-me]", "\n  - keep-me"),
    "quotes": SHORT.replace("keep-me", "'keep-me'"),
    "JSON": json.dumps({"version": 1, "account": "acme", "otherwise": "clean", "retain": ["keep-me"]}),
    "Windows line ends": SHORT.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + SHORT,
    "a directive of this YAML": "%YAML 1.2\n---\n" + SHORT,
    "marks of a document's begin and end": "---\n" + SHORT + "...\n",
    "carriage returns alone": SHORT.replace("\n", "\r"),
    "letters joined as Persian and emoji need it": "# \u0645\u06cc\u200c\u062e \u200d\n" + SHORT,
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
    "an age": SHORT + "clean: {min_age: 2d}\n",
    "a share": SHORT + "clean: {max_share: 24%}\n",
    "an id more": SHORT.replace("keep-me", "keep-me, b"),
    "a rule instead of a bare id": with_rules("{ids: [keep-me]}"),
    "a rule's name": with_rules("{name: n, ids: [keep-me]}"),
    "an id that is a number": SHORT.replace("keep-me", "7"),
    "the same number otherwise": SHORT.replace("keep-me", "07"),
    "another store": SHORT + 'archive: {stores: ["file:./other"]}\n',
    "a reason": with_rules("{ids: [keep-me], reason: x}"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_layout_is_not_in_the_name_of_a_file(text: str) -> None:
    assert read(text).digest == read(SHORT).digest


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_every_meaning_is_in_the_name_of_a_file(text: str) -> None:  # I3
    assert read(text).digest != read(SHORT).digest


def test_an_id_more_under_a_label_is_in_the_name_of_a_file() -> None:  # I3
    text = with_rules("{match: {label: one}}") + "labels: {one: [a]}\n"
    others = (text.replace("[a]", "[a, b]"), text.replace("[a]", "[b]"), text.replace("one", "two"))
    assert len({read(each).digest for each in (text, *others)}) == 4


def test_no_two_of_these_meanings_have_one_name() -> None:  # I3
    names = [read(text).digest for text in OTHER.values()]
    assert len(set(names)) == len(names)


def test_the_name_of_a_file_is_no_part_of_its_meaning() -> None:
    assert parse_desired(SHORT.encode(), "a.yaml").digest == parse_desired(SHORT.encode(), "b/c.yaml").digest


WHOLE_NUMBERS = {"50": 50, "+50": 50, "050": 50, "0x32": 50, "0o62": 50, "0": 0, "100000000": 100_000_000}


@pytest.mark.parametrize(("written", "number"), WHOLE_NUMBERS.items(), ids=WHOLE_NUMBERS.keys())
def test_a_whole_number_is_read_as_the_core_schema_says(written: str, number: int) -> None:
    assert read(SHORT + f"clean: {{max_jobs: {written}}}\n").limits.max_jobs == number


@pytest.mark.parametrize("written", ["50.0", "5e1", "0x32", "050"])
def test_a_limit_is_a_whole_number_however_it_is_written_or_refused(written: str) -> None:
    text = SHORT + f"clean: {{max_jobs: {written}}}\n"
    plain = read(SHORT + "clean: {max_jobs: 50}\n")
    try:
        state = read(text)
    except DesiredStateInvalid:
        return
    assert type(state.limits.max_jobs) is int
    assert state.digest == plain.digest


@pytest.mark.parametrize("written", ["1.0", "1e0", "0x1", "01", "+1"])
def test_a_version_in_another_form_is_the_same_one_or_refused(written: str) -> None:
    text = SHORT.replace("version: 1", f"version: {written}")
    try:
        state = read(text)
    except DesiredStateInvalid:
        return
    assert state.digest == read(SHORT).digest


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


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "y", "n", "2027-01-31", "12:30:45", "1_000", ".inf", ".nan"]
)
def test_what_older_yaml_takes_for_a_value_is_text(word: str) -> None:
    state = read(with_rules(f"{{ids: [a], owner: {word}, reason: {word}, name: {word}}}"))
    assert (state.retain[0].owner, state.retain[0].reason, state.retain[0].name) == (word, word, word)


@pytest.mark.parametrize("word", ["true", "False", "null", "~", ""])
def test_a_value_where_text_is_meant_is_told(word: str) -> None:
    (problem,) = problems(with_rules(f"{{ids: [a], owner: {word}}}"))
    assert problem.startswith("r.yaml:5:23: retain[0].owner is ")
    assert problem.endswith("; write text, such as legal")


@pytest.mark.parametrize("style", ["'7'", '"7"'])
def test_quotes_make_text(style: str) -> None:
    assert read(SHORT.replace("keep-me", style)).retain[0].name == "7"
    assert "; write a whole number" in problems(SHORT + f"clean: {{max_jobs: {style}}}\n")[0]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=ascii)
def test_lines_are_counted_alike_with_all_line_ends(ends: str) -> None:
    assert problems(SHORT.replace("clean", "cleen").replace("\n", ends))[0].startswith("r.yaml:3:12: otherwise is")


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
    "not UTF-8": (b"version: 1\naccount: \xff\n", ["r.yaml:2:10: the file is not UTF-8; save it as UTF-8"]),
    "a zero byte": (b"version: 1\naccount: a\x00b\n", ["r.yaml:2:11: the control character U+0000 stands here"]),
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
    "a store of another kind": (
        SHORT + 'archive: {stores: ["ftp://b"]}\n',
        ["archive.stores[0] is ftp://b; write file:"],
    ),
    "an account with a line": (SHORT.replace("acme", '"a\\nb"'), ["account is "]),
    "a merge in quotes": (SHORT + "'<<': {}\n", ["r.yaml:5:1: << is not a key here"]),
    "an anchor on a group": (SHORT + "clean: &c {max_jobs: 1}\n", ["r.yaml:5:8: &c names something to repeat"]),
    "an anchor on a key": (SHORT + "&k clean: {}\n", ["r.yaml:5:1: &k names something to repeat; leave it out"]),
    "an alias of nothing": (SHORT.replace("keep-me", "*a"), ["undefined alias|*a repeats something by name"]),
    "a tag on a group": (SHORT + "clean: !!map {}\n", ["r.yaml:5:8: the tag tag:yaml.org,2002:map is not used here"]),
    "a tag on a key": (SHORT + "!k clean: {}\n", ["r.yaml:5:1: the tag !k is not used here"]),
    "a tag that says nothing": (SHORT.replace("acme", "! acme"), ["r.yaml:2:10: the tag ! is not used here"]),
    "a tag of one's own": (SHORT.replace("acme", "!env ACME"), ["r.yaml:2:10: the tag !env is not used here"]),
    "a duplicate in flow style": (SHORT + "clean: {max_jobs: 1, max_jobs: 2}\n", ["r.yaml:5:22: max_jobs stands here"]),
    "a duplicate in a rule": (with_rules("{ids: [a], ids: [b]}"), ["r.yaml:5:16: ids stands here twice"]),
    "a duplicate in quotes": (SHORT + '"account": b\n', ["r.yaml:5:1: account stands here twice, first in line 2"]),
    "a list as key": (SHORT + "? [a]\n: 1\n", ["r.yaml:5:3: a key must be a word"]),
    "a group as key": (SHORT + "? {a: 1}\n: 1\n", ["r.yaml:5:3: a key must be a word"]),
    "words behind the end": (SHORT + "...\nmore\n", ["r.yaml:6:1: this is not YAML"]),
    "little-endian UTF-16": (SHORT.encode("utf-16-le"), ["r.yaml:1:1: the file is UTF-16; save it as UTF-8"]),
    "big-endian UTF-16": (SHORT.encode("utf-16-be"), ["r.yaml:1:1: the file is UTF-16; save it as UTF-8"]),
    "UTF-32": (("\ufeff" + SHORT).encode("utf-32-le"), ["r.yaml:1:1: the file is UTF-32; save it as UTF-8"]),
    "big-endian UTF-32": (SHORT.encode("utf-32-be"), ["r.yaml:1:1: the file is UTF-32; save it as UTF-8"]),
    "not UTF-8 behind a mark": (b"\xef\xbb\xbfversion: 1\n\xc3\x28", ["r.yaml:2:1: the file is not UTF-8"]),
    "not UTF-8 in a comment": (SHORT.encode() + b"# \xc3\xa9 caf\xe9\n", ["r.yaml:5:8: the file is not UTF-8"]),
    "half a character": (b"version: 1\naccount: \xed\xa0\xbd\n", ["r.yaml:2:10: the file is not UTF-8"]),
    "a bell": (SHORT + "# \x07\n", ["r.yaml:5:3: the control character U+0007 stands here; take it out"]),
    "an account with a line end": (SHORT.replace("acme", '"acme\\n"'), ["r.yaml:2:10: account is "]),
    "an account over two lines": (SHORT.replace("acme", "|\n  acme"), ["r.yaml:2:10: account is "]),
    "an account that is too long": (SHORT.replace("acme", "a" * 101), ["r.yaml:2:10: account is aaa"]),
    "an age with a line end": (SHORT + 'clean: {min_age: "1d\\n"}\n', ["r.yaml:5:18: clean.min_age is "]),
    "a share with a line end": (SHORT + 'clean: {max_share: "1%\\n"}\n', ["r.yaml:5:20: clean.max_share is "]),
    "a name with a line end": (with_rules('{name: "x\\n", ids: [a]}'), ["r.yaml:5:12: retain[0].name is "]),
    "a name with a bell": (with_rules('{name: "x\\a", ids: [a]}'), ["r.yaml:5:12: retain[0].name is "]),
    "an id with a line end": (with_rules('{ids: ["x\\n"]}'), ["an id has no control characters"]),
    "an empty key": (SHORT + "'': 1\n", ["r.yaml:5:1: '' is not a key here; the keys are: account,"]),
    "a version in quotes": (SHORT.replace("version: 1", "version: '1'"), ["r.yaml:1:10: version is '1'; write 1"]),
    "an endless limit": (
        SHORT + "clean: {max_jobs: 1e999}\n",
        ["r.yaml:5:19: clean.max_jobs is 1e999; write a whole number, such as 50"],
    ),
    "a limit of 400 digits": (SHORT + f"clean: {{max_jobs: 1{'0' * 400}}}\n", ["clean.max_jobs is 10000000000000"]),
    "two ids in a line": (
        SHORT.replace("[keep-me]", "\n  - one\n   two"),
        ["r.yaml:5:5: retain[0] is one two; an id has no white space: each stands behind a dash of its"],
    ),
    "a dash without a space": (
        SHORT.replace("[keep-me]", "\n  - one\n    -two"),
        ["retain[0] is one -two; an id has no"],
    ),
    "an id with a space behind it": (
        with_rules("{ids: ['a ']}"),
        ["r.yaml:5:12: retain[0].ids[0] is 'a '; an id has no"],
    ),
    "an id with a space that is none": (
        with_rules('"a\u00a0"'),
        ["r.yaml:5:5: retain[0] is 'a\\xa0'; an id has no white"],
    ),
    "an id of spaces": (with_rules("{ids: ['  ']}"), ["retain[0].ids[0] is '  '; an id has no white space"]),
    "a label's id with a space": (
        SHORT + "labels: {one: ['a b']}\n",
        ["labels.one[0] is a b; an id has no white space"],
    ),
    "a need with a space": (SHORT + "links: [{job: a, needs: ['b ']}]\n", ["links[0].needs[0] is 'b '; an id has no"]),
    "an owner of nothing": (
        with_rules("{ids: [a], protect: true, owner: ' '}"),
        ["retain[0].owner is ' '; write something"],
    ),
    "an empty owner": (
        with_rules("{ids: [a], owner: ''}"),
        ["r.yaml:5:23: retain[0].owner is ''; write something to read, such as legal"],
    ),
    "a reason of nothing": (
        with_rules("{ids: [a], reason: '\u00a0'}"),
        ["retain[0].reason is '\\xa0'; write something"],
    ),
    "an account with a space behind it": (
        SHORT.replace("acme", "'acme '"),
        ["account is 'acme '; write letters, digits"],
    ),
    "a folder of another machine": (
        SHORT + 'archive: {stores: ["file://host/bags"]}\n',
        ["r.yaml:5:20: archive.stores[0] is file://host/bags; write file:FOLDER"],
    ),
    "a folder of spaces": (
        SHORT + 'archive: {stores: ["file: "]}\n',
        ["archive.stores[0] is 'file: '; write file:FOLDER"],
    ),
    "a key with a letter that looks alike": (
        SHORT + "\u0441lean: {}\n",
        ["r.yaml:5:1: \u0441lean is not a key here; did you mean clean? (U+0441 is another letter)"],
    ),
    "a word with such a letter": (
        SHORT.replace("clean", "\u0441lean"),
        ["did you mean clean? (U+0441 is another letter)"],
    ),
    "a line of a comment that ends unseen": (
        SHORT + "# nothing\u2028clean: {max_jobs: 99999}\n",
        ["r.yaml:5:10: the invisible character U+2028 stands here, and the file reads otherwise than it looks;"],
    ),
    "another such end": (SHORT + "# \x85clean: {max_jobs: 9}\n", ["r.yaml:5:3: the invisible character U+0085 stands"]),
    "and another": (SHORT + "# \u2029clean: {max_jobs: 9}\n", ["r.yaml:5:3: the invisible character U+2029 stands"]),
    "text turned around": (SHORT + "# \u202e\n", ["r.yaml:5:3: the invisible character U+202E stands here"]),
    "text turned around by an isolate": (SHORT + "# \u2067\n", ["r.yaml:5:3: the invisible character U+2067"]),
    "a space of no width": (with_rules("{match: {name: 'a\u200bb'}}"), ["r.yaml:5:22: the invisible character U+200B"]),
    "a second mark": ("\ufeff\ufeff" + SHORT, ["r.yaml:1:1: the invisible character U+FEFF stands here"]),
    "a line end of old among new ones": (
        SHORT + "# nothing\rclean: {max_jobs: 99999}\n",
        ["r.yaml:5:10: a carriage return stands here alone, and the line ends unseen; end lines with a line feed"],
    ),
    "carriage returns beside Windows line ends": (SHORT.replace("\n", "\r\r\n"), ["r.yaml:1:11: a carriage return"]),
    "a directive": (
        "%TAG ! tag:a,2000:\n---\n" + SHORT,
        ["r.yaml:1:1: the directive %TAG is not used here; take the line out, or write %YAML 1.2"],
    ),
    "another YAML": (
        "%YAML 1.1\n---\n" + SHORT,
        ["r.yaml:1:1: the directive %YAML is not used here; take the line out, or"],
    ),
    "a merge left undone": (
        SHORT.replace(" [keep-me]", "\n  - a\n<<<<<<< ours\n  - b\n=======\n>>>>>>> theirs"),
        ["r.yaml:6:1: two versions of the file were left here unmerged; choose between them, and take out this line"],
    ),
    "a colon without a space": (
        SHORT.replace("version: 1", "version:1"),
        ["r.yaml:2:8: this is not YAML: mapping values are not allowed in this context; a colon needs"],
    ),
    "an at sign": (
        with_rules("@a"),
        ["r.yaml:5:5: this is not YAML: found character that cannot start any token; put"],
    ),
    "a bracket left open": (
        SHORT.replace("]", ""),
        ["r.yaml:5:1: this is not YAML: did not find expected ',' or ']'; "],
    ),
    "a quote left open": (SHORT.replace("keep", "'keep"), ["found unexpected end of stream; a quote is left open"]),
    "half of a pair": (
        SHORT.replace("keep", '"\\ud83d\\ude00'),
        ["; write the character itself, or \\U and its eight"],
    ),
    "out of line": (
        SHORT + "clean:\n  max_jobs: 1\n min_age: 1d\n",
        ["r.yaml:7:2: this is not YAML: did not find expected"],
    ),
    "no without quotes is text": (SHORT.replace("clean", "no"), ["otherwise is no; write report or archive or clean"]),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_told_with_its_place(text: str | bytes, told: list[str]) -> None:
    found = problems(text)
    for line in told:
        assert any(words in problem for problem in found for words in line.split("|")), found
    assert len(found) == len(told), found


GIVEN = "6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910"
WHOLE_MESSAGES: dict[str, tuple[str, str]] = {
    "a word where a list belongs": (
        SHORT.replace("[keep-me]", "keep-me"),
        "r.yaml:4:9: retain is keep-me; write a list",
    ),
    "a list where keys belong": (SHORT + "clean: [1]\n", "r.yaml:5:8: clean is [1]; write keys and values"),
    "nothing where keys belong": (SHORT + "clean:\n", "r.yaml:5:7: clean is empty; write keys and values"),
    "nothing where a name belongs": (
        SHORT.replace("acme", "~"),
        "r.yaml:2:10: account is empty; write text, such as marketing-prod",
    ),
    "a list where an id belongs": (
        SHORT.replace("[keep-me]", "[[a]]"),
        f"r.yaml:4:10: retain[0] is [a]; write text, such as {GIVEN}",
    ),
    "too large a number": (
        SHORT + "clean: {max_jobs: 100000001}\n",
        "r.yaml:5:19: clean.max_jobs is 100000001; write at most 100000000, such as 50",
    ),
    "below zero": (
        SHORT + "clean: {max_jobs: -1}\n",
        "r.yaml:5:19: clean.max_jobs is -1; write at least 0, such as 50",
    ),
    "a form": (
        SHORT + "clean: {min_age: 5m}\n",
        "r.yaml:5:18: clean.min_age is 5m; write a whole number and h, d or w, such as 36h, 30d or 2w (or 0)",
    ),
    "too many stores": (
        SHORT + f"archive: {{stores: [{', '.join(f'file:{number}' for number in range(11))}]}}\n",
        "r.yaml:5:19: archive.stores is [file:0, file:1, file:2, file:3, ...]; "
        "write no more entries than 10, such as [file:./archive, s3://acme-video-archive/pictory]",
    ),
    "too long an id": (
        SHORT.replace("keep-me", "x" * 201),
        f"r.yaml:4:10: retain[0] is {'x' * 60}...; write a text no longer than 200, such as {GIVEN}",
    ),
    "one word of several": (
        with_rules("{match: {status: done}}"),
        "r.yaml:5:22: retain[0].match.status is done; write in-progress or completed or failed",
    ),
    "one word of several inside a list": (
        with_rules("{match: {status: [failed, done]}}"),
        "r.yaml:5:31: retain[0].match.status[1] is done; write in-progress or completed or failed",
    ),
    "a key with a slip": (
        with_rules("{id: [a]}"),
        "r.yaml:5:6: retain[0].id is not a key here; did you mean ids?",
    ),
    "a key of nothing": (
        SHORT + "clean: {zzz: 1}\n",
        "r.yaml:5:9: clean.zzz is not a key here; the keys are: grace, max_bytes, max_jobs, max_share, min_age, "
        "release_delay",
    ),
    "nothing kept": (SHORT.replace("keep-me", ""), "r.yaml:4:9: retain is empty; write at least one entry"),
    "no types": (
        SHORT + "scope: {types: []}\n",
        "r.yaml:5:16: scope.types is empty; write at least one entry, such as [render, preview]",
    ),
    "a missing part": (SHORT + "scope: {}\n", "r.yaml:5:8: types is missing in scope; write types: [render, preview]"),
    "a missing list": (
        "version: 1\naccount: acme\notherwise: clean\n",
        "r.yaml:1:1: retain is missing; write retain: and below it a list of job ids or rules",
    ),
    "a terminal's control": (SHORT + '"\\e[31mx": 1\n', r"r.yaml:5:1: '\x1b[31mx' is not a key here; the keys are: "),
}


@pytest.mark.parametrize(("text", "told"), WHOLE_MESSAGES.values(), ids=WHOLE_MESSAGES.keys())
def test_a_message_has_the_place_the_value_and_what_to_write(text: str, told: str) -> None:
    (found,) = problems(text)
    assert found == told or (told.endswith(": ") and found.startswith(told))


@pytest.mark.parametrize("depth", [64, 65])
def test_the_deepest_level_is_the_deepest(depth: int) -> None:
    told = problems("a: " + "[" * depth + "]" * depth)
    assert any("nested deeper than 64 levels" in line for line in told) == (depth > 64)


def test_names_inside_names_do_not_grow() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    told = problems(SHORT + "\n".join(lines))
    assert len(told) < 500
    assert all(len(line) < 500 for line in told)


def test_a_group_that_names_itself_is_refused() -> None:
    assert any("*a repeats something by name" in line for line in problems(SHORT + "clean: &a {b: *a}\n"))


def test_the_same_id_in_two_rules_is_fine() -> None:
    state = read(with_rules("a", "{ids: [a]}", "{name: other, ids: [a]}"))
    assert len(state.retain) == 3


def test_ids_that_differ_in_case_are_found_across_rules_and_bare_ids() -> None:
    told = problems(with_rules("{ids: [Straße]}", "b", "STRASSE"))
    assert told == (
        "r.yaml:7:5: the id STRASSE differs from Straße in line 5 only in case; "
        "ids are compared exactly: write the one that exists",
    )


def test_a_file_of_the_greatest_size_is_read() -> None:
    rules = "".join(f"  - {number:07d}{'x' * 190}\n" for number in range(4_900))
    assert len(rules) > 980_000
    state = read(SHORT.replace(" [keep-me]", "\n" + rules))
    assert len({rule.name for rule in state.retain}) == 4_900


STORES: dict[str, tuple[str, str]] = {
    "one bucket twice": (
        "[s3://bucket/a, {url: s3://bucket/a, region: eu-central-1}]",
        "r.yaml:5:35: archive.stores[1] is s3://bucket/a, the place of another store",
    ),
    "one bucket in two spellings": (
        "[s3://bucket/a, s3://bucket/a/]",
        "r.yaml:5:35: archive.stores[1] is s3://bucket/a/, the place of another store",
    ),
    "a prefix in a prefix": (
        "[s3://bucket/a/b, s3://bucket/a]",
        "r.yaml:5:37: archive.stores[1] is s3://bucket/a, and s3://bucket/a/b overlaps it",
    ),
    "a bucket and a prefix of it": (
        "[s3://bucket, s3://bucket/a]",
        "r.yaml:5:33: archive.stores[1] is s3://bucket/a, and s3://bucket overlaps it",
    ),
    "a setting of another kind of store": (
        "[{url: gs://bucket, storage_class: STANDARD}]",
        "r.yaml:5:39: archive.stores[0].storage_class is no setting of gs:// stores; leave it out",
    ),
    "a key without its encryption": (
        "[{url: s3://bucket, kms_key: k, encryption: AES256}]",
        "r.yaml:5:39: archive.stores[0].kms_key needs encryption: aws:kms beside it",
    ),
    "a folder with settings": (
        "[{url: file:./x, tags: {a: b}}]",
        "r.yaml:5:26: archive.stores[0].url is file:./x; write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or "
        "az://CONTAINER/PREFIX; a folder has no settings, and stands alone: file:FOLDER",
    ),
    "a password": ("[s3://me:secret@bucket/a]", "write file:FOLDER, such as file:./archive, s3://BUCKET/PREFIX"),
    "a query": ("[s3://bucket/a?region=x]", "write file:FOLDER, such as file:./archive, s3://BUCKET/PREFIX"),
    "a class that must be thawed": (
        "[{url: s3://bucket, storage_class: GLACIER}]",
        "archive.stores[0].storage_class is GLACIER; write STANDARD or STANDARD_IA",
    ),
    "an unknown setting": (
        "[{url: s3://bucket, regoin: x}]",
        "archive.stores[0].regoin is not a key here; did you mean region?",
    ),
    "no address": ("[{region: x}]", "url is missing in archive.stores[0]; write url: s3://acme-video-archive/pictory"),
}


@pytest.mark.parametrize(("stores", "told"), STORES.values(), ids=STORES.keys())
def test_what_is_wrong_with_a_store_is_told(stores: str, told: str) -> None:
    found = problems(SHORT + f"archive: {{stores: {stores}}}\n")
    assert len(found) == 1, found
    assert told in found[0]


def test_stores_are_read_with_their_settings() -> None:
    written = (
        "[file:./a, file:./a/b, gs://bucket/x, s3://bucket/x, {url: s3://bucket/x, endpoint: 'http://127.0.0.1:9000'},"
        " {url: s3://other, encryption: aws:kms, kms_key: k, tags: {b: '2', a: '1'}}, {url: az://box, tags: {a: b}}]"
    )
    assert read(SHORT + f"archive: {{stores: {written}}}\n").stores == (
        Store(address="file:./a"),
        Store(address="file:./a/b"),
        Store(address="gs://bucket/x"),
        Store(address="s3://bucket/x"),
        Store(address="s3://bucket/x", endpoint="http://127.0.0.1:9000"),
        Store(address="s3://other", encryption="aws:kms", kms_key="k", tags=(("a", "1"), ("b", "2"))),
        Store(address="az://box", tags=(("a", "b"),)),
    )


HUGE: dict[str, tuple[str, str]] = {
    "five million bytes": ("  - " + "a" * 5_000_000, "more than 1000000"),
    "a long list": ("  - ids: [" + "a," * 400_000 + "]\n", "more than 25000 values"),
    "short rules": ("  - {x: 1}\n" * 80_000, "more than 25000 values"),
    "names to repeat": ("  - &a x\n" * 40_000, "&a names something to repeat"),
    "one key, again and again": ("x: 1\n" * 40_000, "x stands here twice"),
    "rules that are all wrong": ("  - {keep_lst: 1}\n" * 8_000, "did you mean keep_last?"),
    "ids that are all one": ("  - ids: [" + "a, " * 20_000 + "]\n", "the id a stands in line 5 already"),
    "brackets": ("  - " + "[" * 900_000, "nested deeper"),
    "labels that are all nearly right": (
        "".join(f"  - {{match: {{label: lable-{number}}}}}\n" for number in range(4_000))
        + "labels:\n"
        + "".join(f"  label-{number}: [a]\n" for number in range(4_000)),
        "retain[0].match.label is lable-0, which is no label of this file; ",
    ),
}


@pytest.mark.parametrize(("rules", "told"), HUGE.values(), ids=HUGE.keys())
@pytest.mark.timeout(15)
def test_whatever_is_too_much_is_refused_with_a_bounded_number_of_lines(rules: str, told: str) -> None:
    found = problems(SHORT.replace(" [keep-me]", "\n" + rules))
    assert any(told in line for line in found), found[0]
    assert len(found) <= 600
    assert all(len(line) < 500 for line in found)


def test_a_file_that_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(DesiredStateInvalid) as refused:
            read_desired(path)
        assert refused.value.problems[0].startswith(f"{path}: it cannot be read: {why}")


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
    assert "more than 1000000" in problems(SHORT + "#" * 1_000_000)[0]


def test_every_key_and_rule_of_the_file_has_its_place() -> None:
    state = read(FULL)
    assert dict(state.places) == {
        "": "r.yaml",
        "account": "r.yaml:3:10",
        "scope": "r.yaml:4:8",
        "scope.types": "r.yaml:4:16",
        "otherwise": "r.yaml:5:12",
        "retain": "r.yaml:7:3",
        "retain[0]": "r.yaml:7:5",
        "retain[1]": "r.yaml:8:5",
        "retain[1].name": "r.yaml:8:11",
        "retain[1].ids": "r.yaml:9:10",
        "retain[1].owner": "r.yaml:10:12",
        "retain[1].reason": "r.yaml:11:13",
        "retain[2]": "r.yaml:12:5",
        "retain[2].name": "r.yaml:12:12",
        "retain[2].match": "r.yaml:12:29",
        "retain[3]": "r.yaml:13:5",
        "retain[3].match": "r.yaml:13:12",
        "retain[4]": "r.yaml:14:5",
        "retain[4].name": "r.yaml:14:12",
        "retain[4].keep_within": "r.yaml:14:32",
        "archive": "r.yaml:16:3",
        "archive.stores": "r.yaml:16:11",
        "clean": "r.yaml:18:3",
        "clean.min_age": "r.yaml:18:12",
        "clean.max_jobs": "r.yaml:19:13",
        "clean.max_share": "r.yaml:20:14",
    }


def test_a_place_is_told_for_keys_that_stand_and_for_keys_that_do_not() -> None:
    assert read(FULL).place("clean.max_jobs") == "r.yaml:19:13"
    assert read(SHORT).place("clean.max_jobs") == "r.yaml (add clean.max_jobs)"


# -- quantities


@pytest.mark.parametrize(("text", "hours"), [("0", 0), ("1h", 1), ("30d", 720), ("2w", 336), ("876000h", 876_000)])
def test_a_duration_is_elapsed_time(text: str, hours: int) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "1", "d", "1m", "1.5d", "-1d", "1 d", "1D", "1d2h", "٣d", "10000000h", "00"])
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


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ("postgresql://retention@ledger.internal/retention", ""),
        ("postgresql:///retention?host=/run/postgresql", ""),
        ("postgresql://retention:secret@ledger.internal/retention", "state holds a password"),
        ("postgresql://ledger.internal/retention?password=secret", "state holds a password"),
        ("postgresql://ledger.internal/retention?sslpassword=secret", "state holds a password"),
        ("mysql://ledger.internal/retention", "write a folder, a file that ends in .db, or postgresql://"),
    ],
)
def test_the_ledger_may_be_in_postgresql_and_never_with_its_password(state: str, problem: str) -> None:  # I11
    text = f"{SHORT}state: {state}\n"
    if not problem:
        assert read(text).ledger == state
        return
    with pytest.raises(DesiredStateInvalid, match=re.escape(problem)) as refused:
        read(text)
    assert "secret" not in refused.value.message
