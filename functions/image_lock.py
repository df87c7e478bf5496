"""The part of requirements.lock that the deployed app needs: what runs on Modal is what was tested here.

The lock also names what only this machine needs (the local stack, the tests). Each of its entries says on whose behalf
it is there ("via"), so what the dependencies of pyproject.toml lead to can be told from the rest.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from pathlib import Path

import modal

__all__ = ["locked_requirements", "runtime_lock"]

ROOT = Path(__file__).resolve().parent.parent
NOT_INSTALLED = "modal"  # containers bring the deploying client's own
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_scratch: list[tempfile.TemporaryDirectory[str]] = []


def locked_requirements() -> list[str]:
    """A requirements file for the image, with hashes; kept until this process ends.

    Inside a container there is no lock and no image to build: the answer is empty there.
    """
    if not modal.is_local():
        return []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    _scratch.append(tempfile.TemporaryDirectory(prefix="leadloom-image-"))
    path = Path(_scratch[-1].name) / "requirements.lock"
    path.write_text(runtime_lock(lock, project["dependencies"]), encoding="utf-8")
    return [str(path)]


def runtime_lock(lock: str, dependencies: list[str]) -> str:
    """The entries of a lock that these dependencies lead to, in their order, without modal and what only it needs.

    Args:
        lock: what `uv pip compile --generate-hashes` wrote.
        dependencies: requirement lines.
    """
    entries = [entry for entry in _ENTRY.split(lock) if _NAME.match(entry)]
    parents: dict[str, set[str]] = {}
    for entry in entries:  # one package may have an entry per platform
        parents.setdefault(_name(entry), set()).update(_via(entry))
    wanted = {_name(line) for line in dependencies} - {NOT_INSTALLED}
    found = set(wanted)
    while found:
        found = {name for name, via in parents.items() if name not in wanted and via & wanted} - {NOT_INSTALLED}
        wanted |= found
    return "".join(entry for entry in entries if _name(entry) in wanted)


def _name(text: str) -> str:
    match = _NAME.match(text)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""


def _via(entry: str) -> set[str]:
    """Who needs an entry: `# via a`, or `# via` and a line for each."""
    _, _, comment = entry.partition("# via")
    return {_name(line.strip(" #")) for line in comment.splitlines() if line.strip(" #")}
