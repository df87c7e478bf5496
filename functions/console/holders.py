"""Names for the engines of this machine, and which of them are dead.

Chunks carry the name of the engine whose process works on them. A live engine keeps a locked file of its name in the
home folder; the kernel lets go of the lock when the process ends, however that happens. So a new engine knows whose
leases it may end at once: those of its own dead predecessors, and of nobody who lives elsewhere.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO
from uuid import uuid4

from app.text.uids import read_uid

__all__ = ["Holder"]


class Holder:
    """One engine's name, for as long as the `with` block lasts.

    Args:
        home: the folder that the engines of this machine share.

    Attributes:
        uid: the name.
    """

    def __init__(self, home: Path) -> None:
        self.uid = str(uuid4())
        self._folder = home / "engines"
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Take the name."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f".{self.uid}"
        self._file = draft.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._folder / self.uid)  # nobody ever sees the name without its lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the name."""
        self.forget([self.uid])
        if self._file is not None:
            self._file.close()

    def dead(self) -> list[str]:
        """The names of engines of this machine that are gone and were not forgotten yet."""
        return [path.name for path in self._folder.iterdir() if _is_name(path.name) and not _is_locked(path)]

    def forget(self, names: list[str]) -> None:
        """Strike names from the list of those that were here."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)


def _is_name(text: str) -> bool:
    return str(read_uid(text)) == text


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # it ended in good order just now
        return True
    return False
