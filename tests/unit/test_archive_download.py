"""Fetching one file from a real server: what is tried again, what is refused, and what is never sent."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.archive.checksums import Offered
from reconciler.archive.download import MOST_REDIRECTS, Downloader, not_fetched, shown
from reconciler.errors import ArchiveError, StoreNotWritable
from tests.support.scripted_server import RESET, Reply, Scripted, scripted

CONTENT = b"0123456789" * 1000
FINE = Reply(body=CONTENT, headers=(("ETag", '"abc"'), ("Content-Type", "video/mp4")))


@pytest.fixture
def downloader() -> Iterator[Downloader]:
    with Downloader(user_agent="a test/1", connect_s=1, read_s=2, patience_s=5, pause=lambda _seconds: None) as made:
        yield made


def fetch(downloader: Downloader, server: Scripted, path: Path, address: str = "/a.mp4?sig=secret") -> object:
    return downloader.fetch(server.address + address, path, room=lambda _size: None)


def test_a_file_comes_with_all_that_was_said_of_it(downloader: Downloader, tmp_path: Path) -> None:
    md5 = base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()
    reply = Reply(body=CONTENT, headers=(*FINE.headers, ("Content-MD5", md5)))
    with scripted(reply) as server:
        transfer = downloader.fetch(f"{server.address}/a", tmp_path / "a", room=lambda _size: None)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert (transfer.size, transfer.declared) == (len(CONTENT), len(CONTENT))
    assert transfer.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert transfer.md5 == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert transfer.checksums == (Offered("Content-MD5", "md5", transfer.md5),)
    assert (transfer.etag, transfer.content_type, transfer.framed) == ('"abc"', "video/mp4", False)


def test_no_credentials_are_sent(
    downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # I11
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(Reply(302, b"", (("Location", "/b"),)), FINE) as server:
        fetch(downloader, server, tmp_path / "a")
    redirected, came = server.came
    assert "Authorization" not in redirected.headers
    assert "Authorization" not in came.headers, "requests looks into the netrc file again after a redirect"
    assert came.headers["Accept-Encoding"] == "identity"
    assert came.headers["User-Agent"] == "a test/1"


PASSING = {"503": Reply(503), "429": Reply(429), "a reset": RESET, "a cut": Reply(body=CONTENT[:99], length=5000)}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_passing_trouble_begins_the_file_anew(downloader: Downloader, tmp_path: Path, trouble: Reply) -> None:
    with scripted(trouble, trouble, FINE) as server:
        fetch(downloader, server, tmp_path / "a")
        assert len(server.came) == 3
    assert (tmp_path / "a").read_bytes() == CONTENT, "nothing of the first attempts is left in it"


FINAL = {
    "403": (Reply(403), "HTTP 403"),
    "404": (Reply(404), "HTTP 404"),
    "410": (Reply(410), "HTTP 410"),
    "206": (Reply(206, CONTENT), "HTTP 206"),
    "204": (Reply(204, b""), "HTTP 204"),
    "packed": (Reply(body=CONTENT, headers=(("Content-Encoding", "gzip"),)), "it came encoded (gzip)"),
    "a circle of redirects": (Reply(302, b"", (("Location", "/a"),)), "TooManyRedirects"),
    "a redirect to a file": (Reply(302, b"", (("Location", "file:///etc/hostname"),)), "InvalidSchema"),
}


@pytest.mark.parametrize(("reply", "told"), FINAL.values(), ids=FINAL.keys())
def test_what_will_not_get_better_is_refused_at_once_without_the_query(
    downloader: Downloader, tmp_path: Path, reply: Reply, told: str
) -> None:  # I11
    with scripted(reply) as server:
        with pytest.raises(ArchiveError) as refused:
            fetch(downloader, server, tmp_path / "a")
        assert len(server.came) <= MOST_REDIRECTS + 1
    assert told in refused.value.message
    assert "secret" not in refused.value.message


def test_patience_ends(tmp_path: Path) -> None:
    with (
        Downloader(user_agent="x", patience_s=0, pause=lambda _seconds: None) as hasty,
        scripted(Reply(503)) as server,
        pytest.raises(ArchiveError, match="could not be fetched in 1 tries: HTTP 503"),
    ):
        fetch(hasty, server, tmp_path / "a")


def test_once_somebody_asked_to_stop_nothing_is_tried_again(tmp_path: Path) -> None:
    asked: list[int] = []
    with (
        Downloader(
            user_agent="x",
            patience_s=600,
            pause=lambda _seconds: asked.append(2),
            stopping=lambda: len(asked),
        ) as made,
        scripted(Reply(503)) as server,
        pytest.raises(ArchiveError, match="could not be fetched in 2 tries: HTTP 503"),
    ):
        fetch(made, server, tmp_path / "a")


def test_a_long_wait_for_the_host_is_given_up_then(tmp_path: Path) -> None:
    with (
        Downloader(user_agent="x", patience_s=600, pause=_given_up) as made,
        scripted(Reply(503)) as server,
        pytest.raises(
            ArchiveError, match=r"could not be fetched in . tries: the run is to stop, and 9 s were left to wait"
        ),
    ):
        fetch(made, server, tmp_path / "a")


def _given_up(_seconds: float) -> None:
    raise not_fetched(9.0)


def test_a_redirect_is_followed(downloader: Downloader, tmp_path: Path) -> None:
    with scripted(FINE) as other, scripted(Reply(302, b"", (("Location", f"{other.address}/b"),))) as server:
        fetch(downloader, server, tmp_path / "a")
        assert [came.path for came in other.came] == ["/b"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_room_is_asked_for_before_the_first_byte(downloader: Downloader, tmp_path: Path) -> None:
    def no_room(size: int) -> None:
        raise StoreNotWritable(f"no room for {size}")

    with scripted(FINE) as server, pytest.raises(StoreNotWritable, match="no room for 10000"):
        downloader.fetch(f"{server.address}/a", tmp_path / "a", room=no_room)
    assert not (tmp_path / "a").exists()


def test_a_second_reading_is_a_request_of_its_own_past_caches_and_leaves_no_file(
    downloader: Downloader, tmp_path: Path
) -> None:
    with scripted(Reply(503), FINE) as server:
        transfer = downloader.read_again(f"{server.address}/a?sig=secret")
    assert transfer.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert [came.headers["Cache-Control"] for came in server.came] == ["no-cache"] * 2
    assert list(tmp_path.iterdir()) == []


def test_without_a_length_none_is_claimed(downloader: Downloader, tmp_path: Path) -> None:
    with scripted(Reply(body=CONTENT, length=-1)) as server:
        transfer = downloader.fetch(f"{server.address}/a", tmp_path / "a", room=lambda _size: None)
    assert (transfer.declared, transfer.framed, transfer.size) == (None, False, len(CONTENT))


@pytest.mark.parametrize("address", ["http://", "http://[", "ftp://files.invalid/a", "nonsense", "http://a b/c"])
def test_an_address_that_is_none_is_refused(downloader: Downloader, tmp_path: Path, address: str) -> None:
    with pytest.raises(ArchiveError, match="could not be fetched"):
        downloader.fetch(address, tmp_path / "a", room=lambda _size: None)


def test_an_address_is_shown_without_user_password_and_query() -> None:  # I11
    assert shown("https://user:pass@files.invalid:8443/a/b.mp4?X-Sig=1#t") == "https://files.invalid/a/b.mp4"
