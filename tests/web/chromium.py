"""Finds the Chromium that the browser tests drive; run as a script, brings Debian's when there is none.

    python -m tests.web.chromium

`CHROMIUM` in the environment names another one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = (
    "--no-sandbox",  # tests also run as root, in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "No Chromium was found. On Debian: apt-get install chromium. "
    "Elsewhere install Chrome or Chromium, or set CHROMIUM to its program."
)


def find() -> str | None:
    """The program, or None."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    return next((path for path in (*found, *PLACES) if path and os.access(path, os.X_OK)), None)


def bring() -> str | None:
    """The program, installed from Debian's packages first where that can be done."""
    if found := find():
        return found
    apt = shutil.which("apt-get")
    if apt is None:
        return None
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo") or "sudo", "-n"]
    for step in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
        subprocess.run([*sudo, apt, *step], check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # noqa: S603 -- fixed words
    return find()


if __name__ == "__main__":
    sys.exit(None if bring() else MISSING)
