"""What a release must be before it is one: `make release`, on a clean main, before the tag is made.

The version in pyproject.toml has a dated section in CHANGELOG.md, the wheel carries it, installs into an empty
environment and starts, and the release's migrations are kept, so that every later version is tried on top of them.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

__all__ = ["RELEASED", "dated", "keep_migrations"]

ROOT = Path(__file__).resolve().parents[1]
RELEASED = ROOT / "tests" / "sql" / "ground" / "released"
_SECTION = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def dated(changelog: str, version: str) -> str:
    """The date of a version's section, which must be the newest.

    Raises:
        ValueError: it has none, or a newer version stands above it.
    """
    sections = _SECTION.findall(changelog)
    if not sections or sections[0][0] != version:
        newest = sections[0][0] if sections else "none"
        raise ValueError(f"pyproject.toml says {version}, the newest dated section of CHANGELOG.md is {newest}.")
    return str(sections[0][1])


def keep_migrations(folder: Path, target: Path) -> None:
    """Pack the SQL files as they are released; the same files give the same bytes."""
    with tarfile.open(target, "w:xz") as archive:
        for path in sorted(folder.rglob("*.sql")):
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"migrations/{path.relative_to(folder).as_posix()}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def main() -> None:
    """Check all of it, and keep the migrations."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    date = dated((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    with tempfile.TemporaryDirectory() as folder:
        _run("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, str(ROOT))
        [wheel] = Path(folder).glob("leadloom-*.whl")
        if f"-{version}-" not in wheel.name:
            raise SystemExit(f"The wheel is called {wheel.name}, not {version}.")
    _run("-m", "pytest", "-q", "-n", "0", "tests/acceptance/test_wheel.py")
    keep_migrations(ROOT / "migrations", RELEASED / f"{version}.tar.xz")
    print(f"{version} of {date} is ready: commit {RELEASED.name}/{version}.tar.xz, then tag v{version}.")


def _run(*words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True)  # noqa: S603 -- this environment's Python


if __name__ == "__main__":
    main()
