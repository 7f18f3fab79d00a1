"""The one form of all that is hashed or saved: it must be the same for ever."""

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.core.canonical import canonical_json, digest, digest_of_bytes, utc_text, utc_time

FORMS: dict[str, tuple[object, bytes]] = {
    "keys in order": ({"b": 1, "a": {"d": None, "c": True}}, b'{"a":{"c":true,"d":null},"b":1}'),
    "no spaces": ([1, "a b", {"k": 0.5}], b'[1,"a b",{"k":0.5}]'),
    "a tuple is a list": (("a", ()), b'["a",[]]'),
    "what is not ASCII": ("\u00eb\U0001f3ac", b'"\\u00eb\\ud83c\\udfac"'),
    "half a character": ("\ud83c", b'"\\ud83c"'),
    "signs": ('"\\\n\x1b', b'"\\"\\\\\\n\\u001b"'),
}


@pytest.mark.parametrize(("value", "written"), FORMS.values(), ids=FORMS.keys())
def test_a_value_has_one_form(value: object, written: bytes) -> None:
    assert canonical_json(value) == written
    assert digest(value) == digest_of_bytes(written) == "sha256:" + hashlib.sha256(written).hexdigest()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": float("-inf")}]])
def test_a_number_that_json_has_not_has_no_form(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "XYZ+5:30")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_greenwich")
@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 9, 20, 9, 0, 0, tzinfo=UTC), "2026-09-20T09:00:00Z"),
        (datetime(2026, 9, 20, 9, 8, 7, 999_999, tzinfo=UTC), "2026-09-20T09:08:07Z"),
        (datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T23:30:00Z"),
    ],
)
def test_a_time_is_written_as_utc_to_the_second_and_read_back_wherever_the_machine_stands(
    moment: datetime, written: str
) -> None:
    assert utc_text(moment) == written
    read = utc_time(written)
    assert read == moment.replace(microsecond=0)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "2026-09-20", "2026-09-20T09:00:00", "2026-09-20T09:00:00+00:00", "20 Sep 2026"])
def test_a_time_in_another_form_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted data"):
        utc_time(text)
