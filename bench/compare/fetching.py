"""The programs that people fetch a file with: how each is called for one file, and which of them this machine has."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 120
FOREIGN = ("PICTORY_", "RECONCILER_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "RCLONE_")


@dataclass(frozen=True, slots=True)
class Fetcher:
    """A program, as the page writes its call, and the words of that call for an address and the file to make of it.

    Each is told to read no settings of whoever runs this; everything else, its retries too, is as it comes.
    """

    name: str
    shown: str
    words: Callable[[str, Path], tuple[str, ...]]

    @property
    def program(self) -> str:
        """Give the command that is started."""
        return self.name.split()[0]

    @property
    def is_here(self) -> bool:
        """Tell whether this machine has it."""
        return shutil.which(self.program) is not None

    def version(self) -> str:
        """Give the version by which it calls itself; empty where it tells none."""
        told = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False, timeout=30)
        found = re.search(r"\d+\.\d+(\.\d+)?", told.stdout)
        return found[0] if found else ""

    def fetch(self, address: str, path: Path) -> bool:
        """Fetch one file; tell whether the program said that it did."""
        ended = subprocess.run(
            self.words(address, path),
            cwd=path.parent,
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        return ended.returncode == 0


def own_environment() -> dict[str, str]:
    """Give this environment without any real key, setting or proxy of whoever runs this."""
    return {name: text for name, text in os.environ.items() if not name.upper().startswith(FOREIGN)}


FETCHERS = (
    Fetcher(
        "curl -s",
        "curl -sL -o FILE ADDRESS",
        lambda address, path: ("curl", "-q", "-sL", "-o", str(path), address),
    ),
    Fetcher(
        "curl -f",
        "curl -fsSL -o FILE ADDRESS",
        lambda address, path: ("curl", "-q", "-fsSL", "-o", str(path), address),
    ),
    Fetcher(
        "aria2c",
        "aria2c -o FILE ADDRESS",
        lambda address, path: ("aria2c", "--no-conf", "-q", "-o", path.name, address),
    ),
    Fetcher(
        "rclone copyurl",
        "rclone copyurl ADDRESS FILE",
        lambda address, path: ("rclone", "copyurl", "--config", os.devnull, address, str(path)),
    ),
)
"""In the order of the table's columns."""
