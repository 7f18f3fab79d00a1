"""What other programs lose, beside ours, counted from outside: three sample programs on five days, and then the matrix
of bad downloads, with curl, aria2 and rclone as well.

    python -m bench.compare.losses [--write docs/compare.md]

Run from the root of a checkout.  The exit code is 1 if ours lost a job on any day, or a file of the matrix.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.compare import matrix
from bench.compare.account import account
from bench.compare.counting import Tally, tally
from bench.compare.emulated import Emulated, Script, emulated
from bench.compare.fetching import FETCHERS
from bench.compare.matrix import OURS, Fate
from bench.compare.matrix_page import matrix_part, matrix_table
from bench.compare.page import page, table
from bench.compare.programs import PROGRAMS, Place, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day on which the programs run: how its renders look, what goes wrong, how long a page of the list is."""

    name: str
    what: str
    as_the_samples_expect: bool = True
    scripts: tuple[Script, ...] = ()
    page_size: int = 25


DAYS = (
    Day(
        name="a usual day",
        what="no fault at all. A render is what the service makes of it: the film under `videoURL`, with audio, "
        "thumbnail and three files of subtitles. On the other days a render is one film under `outputUrl`, as the "
        "sample programs expect it, so that what is lost there is not lost for the name of a field.",
        as_the_samples_expect=False,
    ),
    Day(
        name="the CDN refuses",
        what="in place of one film the CDN answers 403, in place of another a web page with status 200.",
        scripts=(Script("asset", "403*", "film-1"), Script("asset", "html*", "film-2")),
    ),
    Day(
        name="a film is cut",
        what="two films end midway, in an answer that states no length.",
        scripts=(Script("asset", "cut-no-length*", "film-3"), Script("asset", "cut-no-length*", "film-4")),
    ),
    Day(
        name="several pages",
        what="the list comes in pages of six: what is to be retained is on the first, most of what is to go behind it.",
        page_size=6,
    ),
    Day(
        name="the service stumbles",
        what="a 503 once for a film and once for a job, and a connection reset just after a clean took effect.",
        scripts=(
            Script("asset", "503", "film-2"),
            Script("clean", "reset-after-commit", "film-4"),
            Script("get", "503", "film-5"),
        ),
    ),
)
"""Every word that the emulator is told stands here."""


def measure() -> dict[str, dict[str, Tally]]:
    """Run every program on every day."""
    with emulated() as service:
        return {day.name: {program.name: _one(service, day, program) for program in PROGRAMS} for day in DAYS}


def measure_matrix() -> matrix.Matrix:
    """Run every program that is here over every bad download."""
    with emulated() as service:
        return matrix.measure(service)


def _one(service: Emulated, day: Day, program: Program) -> Tally:
    jobs = account(as_the_samples_expect=day.as_the_samples_expect)
    service.fresh(jobs, day.scripts, day.page_size)
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        place = Place(Path(folder), service)
        place.out.mkdir()
        program.run(place, jobs)
        return tally(jobs, service.truth(), place.out)


def main() -> int:
    arguments = argparse.ArgumentParser(description="Count what each program loses.")
    arguments.add_argument("--write", type=Path, metavar="FILE", help="write the page of the documentation, too")
    asked = arguments.parse_args()
    measured = measure()
    print("Lost / cleaned safely / left alone, of twelve jobs:\n")
    print(table(measured, PROGRAMS))
    faced = measure_matrix()
    print("Got whole / said that it failed / lost in silence, of ten files:\n")
    print(matrix_table(faced))
    if asked.write:
        versions = {each.name: each.version() for each in FETCHERS if each.is_here}
        whole = page(measured, DAYS, PROGRAMS) + matrix_part(faced, FETCHERS, versions)
        asked.write.write_text(whole, encoding="utf-8")
        print(f"Written: {asked.write}")
    lost = [f"{day}: {cells[OURS].lost_in_words}" for day, cells in measured.items() if cells[OURS].lost]
    lost += [f"{row.script}: {cell[Fate.LOST]} files" for row, cell in faced[OURS].items() if cell[Fate.LOST]]
    if lost:
        print(f"{OURS} lost what it must never lose: {'; '.join(lost)}", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
