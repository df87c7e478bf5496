"""Every benchmark, one after the other, then `bench/README.md` anew from what they found.

    python -m bench.suite [--quick] [NAME …]

Each is a process of its own, so that none finds what another left in memory. With `--quick` each runs in its small
form, to see that it works; nothing is kept then. One that fails does not stop the others, and the suite says so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from bench.kit.page import renew

__all__ = ["BENCHMARKS"]

BENCHMARKS = ("cold_start", "engine", "ingest", "extraction", "search", "growth")
"""Those that keep results; `pages`, `workflows`, `storage`, `transfer` and `quality` print tables of their own."""


def main() -> None:
    """Run them; exit 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small forms, nothing kept")
    parser.add_argument("names", nargs="*", default=BENCHMARKS, help="only these")
    given = parser.parse_args()
    failed = []
    for name in given.names:
        print(f"\n## {name}\n", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if given.quick else [])]
        if subprocess.run(command, check=False).returncode:  # noqa: S603 -- our own modules
            failed.append(name)
        print(f"\n{name} took {time.monotonic() - began:.0f} s", flush=True)
    if not given.quick:
        renew()
    if failed:
        sys.exit(f"These failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
