"""Where the key comes from: what can be wrong with a file or a command, and that nothing of it is told."""

import pickle
import sys
import traceback
from pathlib import Path

import pytest

from reconciler.errors import AuthenticationRefused
from reconciler.pictory.keys import KEY as SOUGHT
from tests.support.credentials import key_found

PLAIN, FILE, COMMAND = SOUGHT.names
KEY = "pictai_canary-0123456789"

FILES: dict[str, bytes] = {
    "one line": KEY.encode(),
    "a line end": KEY.encode() + b"\n",
    "Windows line ends": KEY.encode() + b"\r\nsecond\r\n",
    "old line ends": KEY.encode() + b"\rsecond",
    "spaces around it": b"  " + KEY.encode() + b"\t\nsecond",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_the_key_is_the_first_line_of_the_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    assert key_found({FILE: str(tmp_path / "key")}) == KEY


def test_a_file_below_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(KEY)
    assert key_found({FILE: "~/key"}) == KEY


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "nothing in it": (b"", "gives an empty key"),
    "an empty first line": (b"\n" + KEY.encode(), "gives an empty key"),
    "bytes that are no text": (b"\xff\xfe" + KEY.encode(), "cannot be read: it is not text"),
    "a byte order mark": (b"\xef\xbb\xbf" + KEY.encode(), "characters that are no key"),
    "a header": (b"Authorization: " + KEY.encode(), "characters that are no key"),
    "a zero": (KEY.encode() + b"\x00", "characters that are no key"),
    "a control": (KEY.encode() + b"\x1b[0m", "characters that are no key"),
    "a soft hyphen": (KEY.encode() + "\u00ad".encode(), "characters that are no key"),
}


@pytest.mark.parametrize(("content", "told"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_without_a_usable_key_is_told_without_it(content: bytes, told: str, tmp_path: Path) -> None:  # I11
    (tmp_path / "key").write_bytes(content)
    check_refused({FILE: str(tmp_path / "key")}, told)


BAD_SOURCES: dict[str, tuple[str, str, str]] = {
    "a home of nobody": (FILE, "~no-such-user-here/key", "cannot be read"),
    "a file inside a file": (FILE, f"{__file__}/key", "cannot be read"),
    "a command that prints no text": (COMMAND, r"printf '\377'", "could not be run (UnicodeDecodeError)"),
    "a command without a name": (COMMAND, "''", "could not be run"),
    "a command that prints two words": (COMMAND, f"echo Bearer {KEY}", "characters that are no key"),
    "a command that prints an empty line first": (COMMAND, f"printf '\\n{KEY}'", "gives an empty key"),
    "a command that ends by a signal": (COMMAND, f"sh -c 'echo {KEY}; kill -9 $$'", "ended with -9"),
}


@pytest.mark.parametrize(("name", "value", "told"), BAD_SOURCES.values(), ids=BAD_SOURCES.keys())
def test_a_source_without_a_usable_key_is_told_without_it(name: str, value: str, told: str) -> None:  # I11
    check_refused({name: value}, told)


@pytest.mark.parametrize("name", [FILE, COMMAND])
def test_the_key_itself_where_its_source_belongs_is_not_told(name: str) -> None:  # I11
    check_refused({name: KEY}, name)


def check_refused(environ: dict[str, str], told: str) -> None:
    with pytest.raises(AuthenticationRefused) as refused:
        key_found(environ)
    assert told in refused.value.message
    everything = [
        *(refused.value.message, refused.value.hint, str(refused.value), repr(refused.value)),
        *traceback.format_exception(refused.value),
    ]
    assert not any(KEY in text for text in everything)
    assert KEY.encode() not in pickle.dumps(refused.value.args)


def test_a_source_that_is_set_and_wrong_is_not_passed_over_for_the_next(tmp_path: Path) -> None:
    printing = f"{sys.executable} -c 'print(1)'"
    check_refused({PLAIN: "two words", COMMAND: printing}, PLAIN)
    check_refused({FILE: str(tmp_path / "none"), COMMAND: printing}, FILE)


@pytest.mark.parametrize("empty", ["", " ", "\t\n"], ids=ascii)
def test_an_empty_variable_counts_as_unset(empty: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    assert key_found({PLAIN: empty, FILE: str(tmp_path / "key")}) == KEY
    assert key_found({PLAIN: empty, FILE: empty, COMMAND: f"echo {KEY}"}) == KEY


def test_the_command_is_run_without_a_shell(tmp_path: Path) -> None:
    mark = tmp_path / "made-by-a-shell"
    assert key_found({COMMAND: f"echo {KEY}'|tee>{mark}'"}) == f"{KEY}|tee>{mark}"
    assert not mark.exists()
