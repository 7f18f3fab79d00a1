"""--bwlimit: what it may say, and that downloads keep to it, all together."""

from datetime import time
from pathlib import Path
from typing import NoReturn

import pytest

from reconciler.archive.bandwidth import UNLIMITED, Bandwidth, Timetable, timetable
from reconciler.archive.download import Downloader
from reconciler.errors import UsageRefused
from tests.support.scripted_server import Reply, scripted

MIB = 1024 * 1024
READ: dict[str, dict[time, float | None]] = {
    "2M": {time(0): 2 * MIB, time(23, 59): 2 * MIB},
    "512k": {time(12): 512 * 1024},
    "512": {time(12): 512 * 1024},
    "1.5G": {time(12): 1.5 * 1024 * MIB},
    "off": {time(12): None},
    "08:00,2M 22:00,off": {time(7, 59): None, time(8): 2 * MIB, time(21, 59): 2 * MIB, time(22): None, time(0): None},
    "22:00,off  8:00,2M": {time(7, 59): None, time(8): 2 * MIB, time(22): None},
    "12:30,1M": {time(0): MIB, time(12, 30): MIB},
}


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_a_rate_or_a_timetable_is_read(text: str, expected: dict[time, float | None]) -> None:
    read = timetable(text)
    assert {moment: read.rate_at(moment) for moment in expected} == expected


REFUSED = {
    "": "--bwlimit is empty",
    "fast": "'fast' is no rate",
    "0": "'0' is no rate",
    "-1M": "'-1M' is no rate",
    "2m": "'2m' is no rate",
    "2MB": "'2MB' is no rate",
    "1e9": "'1e9' is no rate",
    "24:00,1M": "'24:00,1M' is no entry of a timetable",
    "08:00,2M off": "'off' is no entry of a timetable",
    "2M 3M": "'2M' is no entry of a timetable",
    "Mon-08:00,2M": "'Mon-08:00,2M' is no entry of a timetable",
    "08:00,2M 8:00,off": "08:00 stands twice",
    "08:00,": "'08:00,' is no entry of a timetable",
}


@pytest.mark.parametrize(("text", "told"), REFUSED.items())
def test_what_is_neither_is_refused_with_an_example(text: str, told: str) -> None:
    with pytest.raises(UsageRefused) as refused:
        timetable(text)
    assert told in refused.value.message
    assert "08:00,2M 22:00,off" in refused.value.hint


class Hours:
    """Clocks that move when somebody waits, and an hour of the day that a test sets."""

    def __init__(self) -> None:
        self.seconds, self.hour = 100.0, time(12)

    def pause(self, seconds: float) -> None:
        self.seconds += seconds

    def bandwidth(self, limits: Timetable) -> Bandwidth:
        return Bandwidth(limits, time_of_day=lambda: self.hour, monotonic=lambda: self.seconds, pause=self.pause)


def test_bytes_flow_at_the_rate_whatever_the_size_of_the_pieces() -> None:
    for piece in (1, 700, 64 * 1024, 3 * MIB):
        hours = Hours()
        bandwidth = hours.bandwidth(timetable("1M"))
        for _ in range(max(1, 3 * MIB // piece) if piece > 1 else 5000):
            bandwidth.take(piece)
        taken = (max(1, 3 * MIB // piece) if piece > 1 else 5000) * piece
        assert hours.seconds - 100 == pytest.approx(taken / MIB, abs=1e-3)


def test_a_pause_saves_up_one_second_and_no_more() -> None:
    hours = Hours()
    bandwidth = hours.bandwidth(timetable("1M"))
    hours.seconds += 3600
    for _ in range(5):
        bandwidth.take(MIB)
    assert hours.seconds - 3700 == pytest.approx(4)


def test_the_rate_is_that_of_the_hour() -> None:
    hours = Hours()
    bandwidth = hours.bandwidth(timetable("08:00,1M 22:00,off"))
    bandwidth.take(2 * MIB)
    assert hours.seconds == pytest.approx(102)
    hours.hour = time(23)
    bandwidth.take(1000 * MIB)
    assert hours.seconds == pytest.approx(102)
    hours.hour = time(8)
    bandwidth.take(MIB)
    assert hours.seconds == pytest.approx(103), "what flowed without a limit is not owed afterwards"


@pytest.mark.parametrize("limits", [UNLIMITED, timetable("off")], ids=["none given", "off"])
def test_without_a_limit_nobody_waits_or_asks_what_time_it_is(limits: Timetable) -> None:
    def asked() -> NoReturn:
        raise AssertionError

    Bandwidth(limits, time_of_day=asked, pause=lambda _seconds: asked()).take(1 << 50)


@pytest.fixture
def hours() -> Hours:
    return Hours()


def test_a_download_and_its_second_reading_keep_to_the_rate(hours: Hours, tmp_path: Path) -> None:
    content = bytes(3 * MIB)
    with (
        scripted(Reply(body=content)) as server,
        Downloader(user_agent="a test", bandwidth=hours.bandwidth(timetable("1M"))) as downloader,
    ):
        downloader.fetch(f"{server.address}/a", tmp_path / "a", room=lambda _size: None)
        assert hours.seconds - 100 == pytest.approx(3, abs=0.01)
        downloader.read_again(f"{server.address}/a")
    assert hours.seconds - 100 == pytest.approx(6, abs=0.01)
    assert (tmp_path / "a").read_bytes() == content
