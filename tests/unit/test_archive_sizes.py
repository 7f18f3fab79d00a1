"""How long files are, from real servers: HEAD alone, nothing secret, and what is not told is not guessed (I4)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from reconciler.archive.download import MOST_REDIRECTS
from reconciler.archive.sizes import AT_ONCE, SILENT_FILES, HeadSizes
from tests.support import bodies
from tests.support.account import data_of, files_of
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.scripted_server import RESET, Reply, scripted

LONG = Reply(body=b"", length=1_234_567_890, headers=(("Content-Type", "video/mp4"),))

BUSY = Reply(503, b"")


@pytest.fixture
def heads() -> Iterator[HeadSizes]:
    with HeadSizes(user_agent="a test/1", connect_s=1, read_s=2, patience_s=5, pause=lambda _seconds: None) as made:
        yield made


def test_a_length_is_what_the_host_says_and_only_a_head_is_sent(heads: HeadSizes) -> None:  # I6
    with scripted(LONG) as server:
        address = f"{server.address}/film.mp4?sig=1"
        assert heads.sizes([address, address]) == {address: 1_234_567_890}
        assert server.methods == ["HEAD"], "each address is asked for once"


def test_no_credentials_are_sent(heads: HeadSizes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # I11
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cookie = Reply(headers=(("Set-Cookie", "a=b"), ("Location", "/next")), status=302, body=b"")
    with scripted(cookie, LONG) as server:
        heads.sizes([f"{server.address}/a"])
        heads.sizes([f"{server.address}/b"])
        assert [came.path for came in server.came] == ["/a", "/next", "/b"]
    assert "Cookie" not in server.came[2].headers
    for came in server.came:
        assert "Authorization" not in came.headers
        assert (came.headers["Accept-Encoding"], came.headers["User-Agent"]) == ("identity", "a test/1")


NOT_TOLD = {
    "no length": Reply(body=b"", length=-1),
    "nothing": Reply(body=b"", length=0),
    "a word": Reply(body=b"", headers=(("Content-Length", "many"),), length=-1),
    "below nothing": Reply(body=b"", headers=(("Content-Length", "-5"),), length=-1),
    "no length that a file has": Reply(body=b"", headers=(("Content-Length", "9" * 5000),), length=-1),
    "encoded": Reply(body=b"", length=9, headers=(("Content-Encoding", "gzip"),)),
    "a web page": Reply(body=b"", length=9, headers=(("Content-Type", "Text/HTML; charset=utf-8"),)),
    "part of it": Reply(206, b"", length=9),
    "refused": Reply(403, b"", length=9),
    "no such method": Reply(405, b"", length=9),
    "gone": Reply(404, b"", length=9),
    "a circle of redirects": Reply(302, b"", (("Location", "/a"),)),
    "a redirect to a file": Reply(302, b"", (("Location", "file:///etc/hostname"),)),
    "a redirect to nowhere": Reply(302, b"", (("Location", "http://[/"),)),
}


@pytest.mark.parametrize("reply", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_what_does_not_tell_the_length_of_the_file_is_no_size(heads: HeadSizes, reply: Reply) -> None:  # I4
    with scripted(reply) as server:
        assert heads.sizes([f"{server.address}/a"]) == {}
        assert len(server.came) <= MOST_REDIRECTS + 1


@pytest.mark.parametrize("address", ["", "nonsense", "http://", "http://[", "ftp://files.invalid/a", "http://a b/c"])
def test_an_address_that_is_none_has_no_size_and_the_others_have(heads: HeadSizes, address: str) -> None:
    with scripted(LONG) as server:
        good = f"{server.address}/a"
        assert heads.sizes([address, good]) == {good: 1_234_567_890}


@pytest.mark.parametrize("trouble", [BUSY, Reply(429, b""), RESET], ids=["503", "429", "a reset"])
def test_passing_trouble_passes(heads: HeadSizes, trouble: Reply) -> None:
    with scripted(trouble, trouble, LONG) as server:
        assert list(heads.sizes([f"{server.address}/a"]).values()) == [1_234_567_890]
        assert len(server.came) == 3


def test_a_host_that_stays_silent_is_left_alone() -> None:
    with (
        HeadSizes(user_agent="x", patience_s=0, pause=lambda _seconds: None) as hasty,
        scripted(BUSY) as dead,
        scripted(LONG) as other,
    ):
        wanted = [f"{dead.address}/{number}" for number in range(100)]
        assert hasty.sizes([*wanted, f"{other.address}/a"]) == {f"{other.address}/a": 1_234_567_890}
        assert SILENT_FILES <= len(dead.came) < SILENT_FILES + AT_ONCE


def test_two_silent_files_do_not_silence_a_host() -> None:
    with (
        HeadSizes(user_agent="x", patience_s=0, pause=lambda _seconds: None) as hasty,
        scripted(BUSY, BUSY, LONG, BUSY, BUSY, LONG) as server,
    ):
        for number in range(6):
            hasty.sizes([f"{server.address}/{number}"])
        assert len(server.came) == 6


def test_a_few_are_asked_at_once_and_never_more(heads: HeadSizes) -> None:
    askers: set[str] = set()

    def noted(_response: requests.Response, **_unused: object) -> None:
        askers.add(threading.current_thread().name)

    heads._session.hooks["response"].append(noted)
    with scripted(LONG) as server:
        assert len(heads.sizes(f"{server.address}/{number}" for number in range(40))) == 40
    assert 1 < len(askers) <= AT_ONCE


def test_the_emulated_hosts_tell_the_sizes_of_all_files(heads: HeadSizes, emulator: EmulatorProcess) -> None:
    emulator.put_job(job_id(1), bodies.render(), sizes={"VIDEO/film.mp4": 3_000_000_000})
    emulator.put_job(job_id(2), bodies.video())
    emulator.switch(file_redirect="other-host")
    truth = {file["sha256"]: file["size"] for job in emulator.truth().values() for file in job["files"].values()}
    addresses = [address for number in (1, 2) for address in files_of(data_of(emulator, job_id(number)))]
    emulator.forget_requests()
    told = heads.sizes(addresses)
    assert sorted(told.values()) == sorted(truth.values())
    assert max(told.values()) == 3_000_000_000
    assert {request["method"] for request in emulator.requests()} == {"HEAD"}
