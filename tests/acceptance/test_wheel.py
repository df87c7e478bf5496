"""The wheel as somebody gets it: built, installed into an environment of its own, and run far from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "functions", "web", "migrations")
BESIDE = ("pyproject.toml", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this checkout in its environment."""
    known = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(  # noqa: S603 -- this environment's own programs
        [str(word) for word in command],
        cwd=cwd,
        env=known | variables,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the source: the builder leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=unwanted)
    for name in BESIDE:
        shutil.copy(ROOT / name, folder)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", "dist")
    run(sys.executable, "-m", "pip", "wheel", *options, ".", cwd=folder)
    [built] = (folder / "dist").glob("leadloom-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `leadloom` of an environment that has the wheel, and the dependencies that are here already."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    [packages] = (folder / "lib").glob("python*/site-packages")
    # The folder alone goes on the path: the files in it that lead back to the checkout are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    code = "import app, functions.console.main, web.main; print(app.__file__)"
    where = run(python, "-c", code, cwd=folder).stdout.strip()
    assert Path(where).is_relative_to(packages), "the checkout answered instead of the wheel"
    return folder / "bin" / "leadloom"


def test_every_file_of_the_source_is_in_the_wheel(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_it_says_what_it_can_do(installed: Path, tmp_path: Path) -> None:
    said = run(installed, "--help", cwd=tmp_path).stdout
    for command in ("run", "demo", "launch", "audit"):
        assert command in said


def test_another_distribution_with_a_package_of_ours_is_named(installed: Path, tmp_path: Path) -> None:
    other = tmp_path / "somebody_else-1.2.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody-else\nVersion: 1.2\n")
    (other / "top_level.txt").write_text("web\nelse\n")
    done = subprocess.run(  # noqa: S603 -- the program under test
        [installed, "--help"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "somebody-else 1.2 is installed here and has packages called web" in done.stderr
    assert "environment of its own" in done.stderr


def test_the_demo_runs(installed: Path, tmp_path: Path) -> None:
    summary = json.loads(run(installed, "demo", "--rows", "20", "--json", cwd=tmp_path).stdout)
    assert (summary["completed"], summary["failed"], summary["audit"]) == (20, 0, [])
