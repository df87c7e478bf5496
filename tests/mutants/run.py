"""Break one line at a time in a copy of the repository, run the tests that should notice, and say which did not.

    make mutants                                  # all of tests/mutants/lines.py, two at a time
    python -m tests.mutants.run --only lease      # those whose description, file or tests have this word

A mutant is dead when a test fails, or when the tests hang. One that survives, a line that is not there any more, and
tests that cannot run are errors of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.lines import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LONGEST_S = 600.0
FAILED = 1  # pytest's exit code for tests that failed
QUICK = os.environ | {"MODEL_SHRINK": "0", "MODEL_EXAMPLES": "60"}  # the model test looks further, and says it at once


def _copy(folder: Path) -> Path:
    """The repository's files as they are now, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607 -- git is where it is
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


async def _tests_fail(folder: Path, tests: str) -> tuple[int | None, str]:
    """Run tests in a copy; pytest's exit code (None: they hung) and the end of what it said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests.split()]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=QUICK, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, "the tests hung"
    return process.returncode, out.decode(errors="replace")[-600:]


async def _try(mutant: Mutant, folder: Path) -> str | None:
    """What is wrong about a mutant; None when it died."""
    path = folder / mutant.file
    text = path.read_text() if path.exists() else ""
    places = text.count(mutant.line)
    if places == 0 or (places > 1 and mutant.nth is None):
        return f"its line is in the file {places} times"
    parts = text.split(mutant.line)
    at = (mutant.nth or 0) + 1
    path.write_text(mutant.line.join(parts[:at]) + mutant.instead + mutant.line.join(parts[at:]))
    try:
        code, said = await _tests_fail(folder, mutant.tests)
    finally:
        path.write_text(text)
    if code in (FAILED, None):
        return None
    return "SURVIVED" if code == 0 else f"the tests could not run (exit {code}): {said}"


async def _main() -> int:
    parser = argparse.ArgumentParser(description="Break lines on purpose; the tests should notice.")
    parser.add_argument("--only", default="", help="a word of the description, the file or the tests")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    queue = [m for m in MUTANTS if args.only.lower() in f"{m.why} {m.file} {m.tests}".lower()]
    total, wrong = len(queue), []
    with tempfile.TemporaryDirectory(prefix="leadloom-mutants-", ignore_cleanup_errors=True) as temporary:

        async def worker(number: int) -> None:
            folder = await asyncio.to_thread(_copy, Path(temporary) / str(number))
            while queue:
                mutant = queue.pop(0)
                began = time.monotonic()
                problem = await _try(mutant, folder)
                wrong.extend([f"{mutant.why} ({mutant.file}): {problem}"] if problem else [])
                print(f"{time.monotonic() - began:5.0f} s  {problem or 'dead':10.200}  {mutant.why}", flush=True)

        await asyncio.gather(*(worker(number) for number in range(args.jobs)))
    print(f"{total} mutants, {total - len(wrong)} dead", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
