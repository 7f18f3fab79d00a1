"""A folder that keeps what happened to an emulated account: every change a line, played again at the next start."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.emulator.drafts import Account
from reconciler.emulator.shapes import Body
from reconciler.emulator.world import World

FILE = "changes.jsonl"
VERSION = 1


class FolderRefused(ValueError):
    """The folder holds something else; the text says what."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where changes are kept.  The first line says which account they happened to."""

    path: Path

    def open(self, world: World) -> None:
        """Play what happened to the world, and keep what happens from now on.

        Raises:
            FolderRefused: the folder is of another account, or cannot be read or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lines = self._lines()
        except OSError as error:
            raise FolderRefused(f"{self.path} cannot be used: {error.strerror}") from None
        if not lines:
            world.note = self.begin(world.account)
            return
        first = lines[0]
        if first != _header(world.account):
            raise FolderRefused(
                f"{self.path} keeps an account of {first.get('jobs')} jobs, seed {first.get('seed')}, "
                f"{first.get('media_mb')} MB; start with these, or with another folder"
            )
        for change in lines[1:]:
            world.do(change)
        world.note = self._note

    def begin(self, account: Account) -> Callable[[Body], None]:
        """Forget what is kept, and give what keeps the changes of an account."""
        self._file.write_text(json.dumps(_header(account)) + "\n", encoding="utf-8")
        return self._note

    @property
    def _file(self) -> Path:
        return self.path / FILE

    def _note(self, change: Body) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(change) + "\n")

    def _lines(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        written = self._file.read_text(encoding="utf-8")
        whole, _, rest = written.rpartition("\n")
        if rest:  # the last line was being written when the emulator ended: that change was never answered
            self._file.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise FolderRefused(f"{self._file} is not what this version writes; use another folder") from None


def _header(account: Account) -> dict[str, Any]:
    return {"emulator": VERSION, "jobs": account.jobs, "seed": account.seed, "media_mb": account.media_mb}
