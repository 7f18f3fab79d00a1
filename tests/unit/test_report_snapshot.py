"""A snapshot in its file: everything that a decision needs comes back, and what is not as it was written is refused."""

import json
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from typing import IO, Any, cast

import pytest
from jsonschema import Draft7Validator
from msgspec import Struct, structs

from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import Asset, Job, JobId
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.snapshot import Snapshot
from reconciler.errors import SnapshotRefused
from reconciler.published_schemas import schema
from tests.support.snapshots import (
    EMPTY,
    FULL,
    FULL_HOLD,
    FULL_JOB,
    FULL_KNOWN,
    at,
    lines_of,
    read,
    read_back,
    sealed,
    without_addresses,
    written,
)
from tests.support.values import NOON

Golden = Callable[[str, str], None]
SCHEMA = schema("inventory.v1.json")


def refusal(content: bytes) -> SnapshotRefused:
    with pytest.raises(SnapshotRefused) as refused:
        read(content)
    assert refused.value.message.startswith("inventory.jsonl:")
    assert "new snapshot" in refused.value.hint or "Take a new one" in refused.value.hint
    assert refused.value.exit_code == 6
    return refused.value


# -- what comes back


def test_a_snapshot_is_written_as_it_always_was(golden: Golden) -> None:
    golden("snapshot-full.jsonl", written(FULL).decode())
    golden("snapshot-empty.jsonl", written(EMPTY).decode())


def test_everything_but_addresses_comes_back() -> None:
    assert read_back(FULL) == without_addresses(FULL) != FULL
    assert read_back(EMPTY) == EMPTY
    assert written(read_back(FULL)) == written(FULL)


PARTS: dict[str, tuple[type, tuple[object, ...]]] = {
    "snapshot": (Snapshot, (FULL,)),
    "inventory": (Inventory, (FULL.inventory,)),
    "proof": (ListingProof, (FULL.inventory.proof,)),
    "job": (Job, (FULL_JOB,)),
    "asset": (Asset, FULL_JOB.assets),
    "memory": (LedgerView, (FULL.memory,)),
    "known": (KnownJob, (FULL_KNOWN,)),
    "hold": (LedgerHold, (FULL_HOLD,)),
}


def defaults(kind: Any) -> Iterator[tuple[str, object]]:
    if issubclass(kind, Struct):
        yield from zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False)
    else:
        for each in fields(kind):
            made = each.default_factory() if each.default_factory is not MISSING else each.default
            yield each.name, None if made is MISSING else made


@pytest.mark.parametrize(("kind", "given"), PARTS.values(), ids=PARTS.keys())
def test_the_full_snapshot_leaves_no_field_at_its_default(kind: type, given: tuple[object, ...]) -> None:
    """Or a field that is added and never saved would come back as it was, and nobody would see that it is lost."""
    for name, default in defaults(kind):
        if (kind, name) == (LedgerView, "applied"):
            continue  # what was applied last is weighed by a plan alone, and none is made from a snapshot
        assert any(getattr(each, name) != default for each in given), name


def test_jobs_keep_their_order_and_so_do_those_that_only_the_ledger_knows() -> None:
    ids = [JobId(each) for each in "cabd"]
    jobs = tuple(replace(FULL_JOB, id=each) for each in ids)
    known = {JobId(each): structs.replace(FULL_KNOWN, sequence=number) for number, each in enumerate("zyxc")}
    made = read_back(replace(EMPTY, inventory=replace(EMPTY.inventory, jobs=jobs), memory=LedgerView(jobs=known)))
    assert [job.id for job in made.inventory.jobs] == ids
    assert list(made.unlisted) == ["z", "y", "x"]


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON + timedelta(milliseconds=1),
        NOON + timedelta(microseconds=999_999),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_times_come_back_to_the_microsecond(moment: datetime) -> None:
    assert read_back(at(moment)).inventory.observed_at == moment


HOSTILE = [
    "ジョブ",
    "half \ud83d",
    "\x00\x1b[31m",
    "two\nlines\r",
    '"},{"kind":"end"',
    "\u2028\u2029",
    "=cmd()",
    "x" * 9000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_on_its_line_and_comes_back(text: str) -> None:  # I12
    job = replace(FULL_JOB, id=JobId(text), name=text, project=text, status_word=text, unlisted_fields=(text,))
    given = replace(EMPTY, inventory=replace(EMPTY.inventory, jobs=(job,)), account=text)
    content = written(given)
    assert content.isascii()
    assert content.count(b"\n") == len(content.splitlines()) == 3
    assert read(content) == without_addresses(given)


def test_no_address_is_written() -> None:  # I11
    assert b"://" not in written(FULL)
    assert b"do-not-keep" not in written(FULL)
    assert b"address" not in written(FULL)


# -- what is refused


def lines(given: Snapshot = FULL) -> list[bytes]:
    return written(given).splitlines(keepends=True)


def test_a_file_that_was_cut_at_any_byte_is_refused() -> None:
    content = written(FULL)
    for length in range(len(content)):
        told = refusal(content[:length]).message
        assert length < len(lines()[0]) - 1 or "the snapshot was cut off: its end is missing" in told


def test_a_file_that_lacks_a_line_is_refused() -> None:
    for place in range(len(lines())):
        refusal(b"".join(lines()[:place] + lines()[place + 1 :]))


def test_lines_in_another_order_are_refused() -> None:
    for place in range(len(lines()) - 1):
        moved = lines()
        moved[place], moved[place + 1] = moved[place + 1], moved[place]
        refusal(b"".join(moved))


def test_a_file_with_a_line_twice_is_refused() -> None:
    for place in range(len(lines())):
        refusal(b"".join(lines()[: place + 1] + lines()[place:]))
    refusal(written(FULL) * 2)


def test_an_edit_is_refused() -> None:
    edited = written(FULL).replace(b'"status":"completed"', b'"status":"failed"', 1)
    assert "was edited: its lines do not give the digest" in refusal(edited).message


def test_line_ends_of_another_system_are_an_edit() -> None:
    refusal(written(FULL).replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"no JSON", b"\xff\xfe{}", b"[" * 100_000]
)
def test_what_is_no_snapshot_is_refused(content: bytes) -> None:
    assert "is not a snapshot" in refusal(content).message


def test_another_kind_of_file_is_refused_before_it_is_read_to_its_end() -> None:
    class Endless:
        def readline(self, most: int = -1) -> bytes:
            assert 0 < most < 1 << 24
            return b"0" * most

    from reconciler.report.saved_snapshot import read_snapshot

    with pytest.raises(SnapshotRefused):
        read_snapshot(cast("IO[bytes]", Endless()), "inventory.jsonl")


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "two", ""])
def test_an_unknown_major_version_is_refused_with_its_own_way_out(version: str) -> None:
    head, *rest = lines_of(EMPTY)
    refused = refusal(sealed([{**head, "format_version": version}, *rest[:-1]]))
    assert f"has format_version {version}, this program reads 1.0" in refused.message
    assert "the version of the program that wrote it" in refused.hint


def put(line: dict[str, Any], way: tuple[str, ...], value: object) -> dict[str, Any]:
    name, *inner = way
    return {**line, name: put(line.get(name, {}), tuple(inner), value) if inner else value}


def test_fields_of_a_later_minor_version_are_ignored() -> None:
    head, job, other, *rest = lines_of(FULL)
    job["assets"][0]["colour"] = "red"
    more = [put(head, ("format_version",), "1.7"), put(job, ("known", "mood"), ["new"]), {**other, "x": {"y": [1]}}]
    later = [{**line, "new": None, "created_by": 0} for line in (*more, *rest[:-1])]
    assert read(sealed(later)) == without_addresses(FULL)


def test_a_kind_of_line_that_is_not_known_is_refused_since_it_may_matter() -> None:
    *before, _ = lines_of(FULL)
    assert "6: it is no line of a snapshot" in refusal(sealed([*before, {"kind": "lease"}])).message
    kinds: list[object] = ["end", "header", None, [], {}]
    for kind in kinds:
        refusal(sealed([*before, {"kind": kind}, before[1]]))


def test_a_job_that_stands_twice_is_refused() -> None:
    head, job, *_ = lines_of(FULL)
    assert "3: its job stands in an earlier line too" in refusal(sealed([head, job, job])).message
    again = {"kind": "remembered", "id": job["id"], "imported_at": "2026-01-01T00:00:00Z"}
    refusal(sealed([head, job, again]))


ODD_TIMES = ["2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "0000-01-01T00:00:00Z"]
ODD_TIMES += ["2026-01-01T00:00:00+00:00", "2026-01-01", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z\n", ""]


@pytest.mark.parametrize("text", ODD_TIMES)
@pytest.mark.parametrize("way", [("observed_at",), ("made_at",), ("ledger", "last_observed")])
def test_a_time_that_is_none_is_refused(text: str, way: tuple[str, ...]) -> None:
    head, *rest = lines_of(EMPTY)
    assert refusal(sealed([put(head, way, text), *rest[:-1]])).message.startswith("inventory.jsonl:1: ")


@pytest.mark.parametrize("text", ODD_TIMES)
@pytest.mark.parametrize("name", ["shared_at", "created_at", "imported_at", "known"])
def test_a_time_of_a_job_that_is_none_is_refused(text: str, name: str) -> None:
    head, job, *_ = lines_of(FULL)
    way = ("known", "kept_until") if name == "known" else (name,)
    assert refusal(sealed([head, put(job, way, text)])).message.startswith("inventory.jsonl:2: ")


@pytest.mark.parametrize("number", ["1.0", "NaN", "-Infinity", "1e999", "9" * 5000, "-1", "true", '"1"', "null"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    head, job, *_ = lines_of(FULL)
    content = sealed([head, {**job, "size": 424242}]).replace(b"424242", number.encode())
    assert refusal(content).message.startswith("inventory.jsonl:2: ")


def test_a_misfit_is_told_with_its_line_and_field() -> None:
    head, job, *_ = lines_of(FULL)
    job["assets"][1]["form"] = "paper"
    message = refusal(sealed([head, job])).message
    assert message.startswith("inventory.jsonl:2: assets.1.form: 'paper' is not one of ['file', 'inline', 'page']")


def test_counts_that_do_not_fit_are_refused() -> None:
    *before, end = lines_of(FULL)
    for name in ("jobs", "remembered"):
        content = b"".join(lines()[:-1]) + json.dumps({**end, name: end[name] + 1}).encode() + b"\n"
        assert "has not as many lines as its last one says" in refusal(content).message
    assert read(b"".join(lines()[:-1]) + json.dumps(end).encode() + b"\n") == without_addresses(FULL)
    assert len(before) == 5


# -- the schema


@pytest.mark.parametrize("given", [FULL, EMPTY], ids=["full", "empty"])
def test_every_line_is_what_the_published_schema_says(given: Snapshot) -> None:
    for line in lines_of(given):
        assert list(Draft7Validator(SCHEMA).iter_errors(line)) == []


def described(part: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict):
        for name, inner in part.get("properties", {}).items():
            yield name, inner
        for inner in part.values():
            yield from described(inner)


def test_each_key_of_the_schema_is_described() -> None:
    Draft7Validator.check_schema(SCHEMA)
    found = list(described(SCHEMA))
    assert len(found) > 50
    for name, inner in found:
        target = SCHEMA["definitions"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        assert len(target["description"]) > 10, name


def test_every_key_that_is_written_is_in_the_schema_and_the_other_way_round() -> None:
    def names(value: object) -> Iterator[str]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            if isinstance(key, str):
                yield key
            yield from names(inner)

    assert {name for line in lines_of(FULL) for name in names(line)} == {name for name, _ in described(SCHEMA)}
