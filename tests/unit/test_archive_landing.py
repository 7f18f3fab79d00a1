"""A download goes on where it was cut off, in one run or the next, and never behind bytes that are not its own."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.archive.download import Downloader
from reconciler.archive.landing import MARK_BYTES
from reconciler.archive.proof import Transfer
from reconciler.errors import ArchiveError, StoreNotWritable
from tests.support.scripted_server import Reply, Scripted, scripted

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (4 * 4096)  # 4 MiB
OTHER = CONTENT[::-1]
TAG = ("ETag", '"abc"')
WHOLE = Reply(body=CONTENT, headers=(TAG,))
CUT_AT = 3 * MIB
CUT = Reply(body=CONTENT[:CUT_AT], length=len(CONTENT), headers=(TAG,))
REFUSED = Reply(403)


def rest(start: int = CUT_AT, *, told: str | None = None, tag: str = '"abc"', content: bytes = CONTENT) -> Reply:
    said = told or f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Reply(206, content[start:], (("ETag", tag), ("Content-Range", said)))


@dataclass
class Site:
    """A file and its notes, and what fetches it."""

    downloader: Downloader
    path: Path
    notes: Path

    def fetch(self, server: Scripted, query: str = "?sig=secret", room: Callable[[int], None] = print) -> Transfer:
        return self.downloader.fetch(f"{server.address}/a.mp4{query}", self.path, room=room, notes=self.notes)

    def is_whole(self, transfer: Transfer, content: bytes = CONTENT) -> bool:
        digest = hashlib.sha256(content).hexdigest()
        return (self.path.read_bytes(), transfer.sha256, transfer.size) == (content, digest, len(content))

    def cut_off(self) -> None:
        """Leave what a run leaves whose host gave three of four MiB, and then no more."""
        with scripted(CUT, REFUSED) as server, pytest.raises(ArchiveError, match="HTTP 403"):
            self.fetch(server)
        assert self.path.stat().st_size == CUT_AT
        # Another server has another port, which is no part of what an address is known by.


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Downloader(user_agent="a test", connect_s=1, read_s=2, patience_s=5, pause=lambda _seconds: None) as made:
        yield Site(made, tmp_path / "a.mp4", tmp_path / "a.json")


def asked(server: Scripted) -> list[tuple[str, str, str]]:
    """What of the file each request asked for: Range, If-Range, If-None-Match."""
    headers = [came.headers for came in server.came]
    return [(each.get("Range", ""), each.get("If-Range", ""), each.get("If-None-Match", "")) for each in headers]


NOTHING = ("", "", "")
THE_REST = (f"bytes={CUT_AT}-", '"abc"', "")


def test_a_file_that_is_cut_off_goes_on_from_there(site: Site) -> None:
    with scripted(CUT, rest()) as server:
        transfer = site.fetch(server)
        assert asked(server) == [NOTHING, THE_REST]
    assert site.is_whole(transfer)
    assert transfer.declared == len(CONTENT), "the length of the whole, not of the rest"
    assert transfer.is_joined


def test_that_a_file_was_joined_is_not_forgotten_by_a_later_run(site: Site) -> None:  # I15
    with scripted(CUT, rest()) as server:
        site.fetch(server)
    with scripted(Reply(304, b"", (TAG,))) as server:
        assert site.fetch(server).is_joined
    with scripted(Reply(body=OTHER, headers=(("ETag", '"other"'),))) as server:
        assert not site.fetch(server).is_joined


UNSURE = {
    "a weak ETag": Reply(body=CONTENT[:CUT_AT], length=len(CONTENT), headers=(("ETag", 'W/"abc"'),)),
    "no ETag": Reply(body=CONTENT[:CUT_AT], length=len(CONTENT)),
    "nothing came": Reply(body=b"", length=len(CONTENT), headers=(TAG,)),
}


@pytest.mark.parametrize("cut", UNSURE.values(), ids=UNSURE.keys())
def test_where_nothing_names_the_bytes_all_is_asked_for_again(site: Site, cut: Reply) -> None:  # I15
    with scripted(cut, WHOLE) as server:
        transfer = site.fetch(server)
        assert asked(server) == [NOTHING, NOTHING]
    assert site.is_whole(transfer)
    with scripted(cut, REFUSED) as server, pytest.raises(ArchiveError):
        site.fetch(server)
    assert not site.notes.exists()


OTHER_PARTS = {
    "another part": rest(told=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"),
    "a shorter file": rest(told=f"bytes {CUT_AT}-{len(CONTENT) - 1}/{len(CONTENT) + 1}"),
    "no word of which part": Reply(206, CONTENT[CUT_AT:], (TAG,)),
    "another ETag": rest(tag='"abd"'),
    "no ETag": rest(tag=""),
    "more than the rest": Reply(206, CONTENT[CUT_AT - 1 :], rest().headers),
    "nothing of it": Reply(416, b"", (("Content-Range", f"bytes */{CUT_AT}"),)),
}


@pytest.mark.parametrize("part", OTHER_PARTS.values(), ids=OTHER_PARTS.keys())
def test_a_part_that_is_not_the_rest_begins_the_file_anew(site: Site, part: Reply) -> None:  # I15
    with scripted(CUT, part, WHOLE) as server:
        transfer = site.fetch(server)
        assert asked(server) == [NOTHING, THE_REST, NOTHING]
    assert site.is_whole(transfer)


def test_a_host_that_has_another_file_by_now_sends_all_of_it(site: Site) -> None:  # I15
    site.cut_off()
    with scripted(Reply(body=OTHER, headers=(("ETag", '"other"'),))) as server:
        transfer = site.fetch(server)
    assert site.is_whole(transfer, OTHER)
    assert transfer.etag == '"other"'


def test_a_later_run_goes_on_under_a_fresh_link(site: Site) -> None:
    site.cut_off()
    with scripted(rest()) as server:
        transfer = site.fetch(server, "?sig=another")
        assert asked(server) == [THE_REST]
    assert site.is_whole(transfer)
    assert "secret" not in site.notes.read_text()


def _cut_short(site: Site) -> None:
    with site.path.open("r+b") as file:
        file.truncate(CUT_AT - 1)


def _flip(site: Site) -> None:
    with site.path.open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff\xff")


def _lie_in_notes(site: Site) -> None:
    site.notes.write_text(site.notes.read_text().replace(f'"size":{CUT_AT}', f'"size":{CUT_AT + 1}'))


DAMAGE: dict[str, Callable[[Site], object]] = {
    "the file is shorter": _cut_short,
    "a byte is another": _flip,
    "the file is gone": lambda site: site.path.unlink(),
    "the notes are gone": lambda site: site.notes.unlink(),
    "the notes are torn": lambda site: site.notes.write_bytes(site.notes.read_bytes()[:40]),
    "the notes are no text": lambda site: site.notes.write_bytes(b"\xff\xfe\x00"),
    "the notes tell another size": _lie_in_notes,
    "the notes are of a later form": lambda site: site.notes.write_text(
        site.notes.read_text().replace('"version":1', '"version":2')
    ),
    "the notes are of another file": lambda site: site.notes.write_text(site.notes.read_text().replace("a.mp4", "b")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_not_as_it_was_noted_begins_the_file_anew(
    site: Site, damage: Callable[[Site], object]
) -> None:  # I8, I15
    site.cut_off()
    damage(site)
    with scripted(WHOLE) as server:
        transfer = site.fetch(server)
        assert asked(server) == [NOTHING]
    assert site.is_whole(transfer)


def test_bytes_behind_the_noted_ones_do_not_count(site: Site) -> None:  # I8
    site.cut_off()
    with site.path.open("ab") as file:
        file.write(b"written, and not noted when the power failed" * 100_000)
    with scripted(rest()) as server:
        transfer = site.fetch(server)
    assert site.is_whole(transfer)


def test_a_whole_file_comes_again_only_if_its_host_has_another(site: Site) -> None:
    with scripted(WHOLE) as server:
        site.fetch(server)
    with scripted(Reply(304, b"", (TAG,))) as server:
        transfer = site.fetch(server)
        assert asked(server) == [("", "", '"abc"')]
    assert site.is_whole(transfer)
    assert (transfer.etag, transfer.declared) == ('"abc"', len(CONTENT))
    with scripted(Reply(body=OTHER, headers=(("ETag", '"other"'),))) as server:
        transfer = site.fetch(server)
    assert site.is_whole(transfer, OTHER)


def test_not_modified_is_no_answer_to_whoever_has_nothing(site: Site) -> None:  # I15
    with scripted(Reply(304, b"", (TAG,))) as server, pytest.raises(ArchiveError, match="HTTP 304"):
        site.fetch(server)


def test_room_is_asked_for_the_rest_alone(site: Site) -> None:
    site.cut_off()
    sizes: list[int] = []
    with scripted(rest()) as server:
        site.fetch(server, room=sizes.append)
    assert sizes == [len(CONTENT) - CUT_AT]


def test_room_is_asked_for_while_a_file_without_a_length_comes(site: Site) -> None:
    def full(size: int) -> None:
        if size:
            raise StoreNotWritable(f"no room for {size}")

    with (
        scripted(Reply(body=CONTENT * 3, length=-1)) as server,
        pytest.raises(StoreNotWritable, match=f"no room for {MARK_BYTES}"),
    ):
        site.fetch(server, room=full)
    assert MARK_BYTES <= site.path.stat().st_size < MARK_BYTES + MIB


def test_patience_is_with_a_host_that_gives_nothing(tmp_path: Path) -> None:
    slept: list[float] = []
    with Downloader(user_agent="a test", patience_s=0.4, pause=slept.append) as downloader:
        site = Site(downloader, tmp_path / "a", tmp_path / "a.json")
        cuts = [
            Reply(206, CONTENT[at : at + MIB + 1], rest(at).headers, length=len(CONTENT) - at)
            for at in range(MIB + 1, 3 * MIB, MIB + 1)
        ]
        first = Reply(body=CONTENT[: MIB + 1], length=len(CONTENT), headers=(TAG,))
        with scripted(first, *cuts, rest(3 * (MIB + 1))) as server:
            transfer = site.fetch(server)
            assert len(server.came) == 4
    assert site.is_whole(transfer)


def test_a_host_that_cuts_off_at_the_same_place_for_ever_is_given_up(tmp_path: Path) -> None:
    with Downloader(user_agent="a test", patience_s=0.3, pause=lambda _seconds: None) as downloader:
        site = Site(downloader, tmp_path / "a", tmp_path / "a.json")
        cut = Reply(body=CONTENT[:CUT_AT], length=len(CONTENT))
        with scripted(cut) as server, pytest.raises(ArchiveError, match="cut off after 3145728 of 4194304 bytes"):
            site.fetch(server)
