"""Starts one PostgreSQL program the way it insists on: never as root, and not outliving the process that wanted it.

Run as a script of its own, before any server exists: `cluster.py` calls it with the account to use and the program to
become. It imports nothing of Leadloom, so that it starts in a few milliseconds.

PostgreSQL refuses to run as root. Under root this changes to the given account first. Where that account cannot reach
the program or the data (a clone under /root, a folder closed to others), the process keeps one right, to pass closed
folders (CAP_DAC_OVERRIDE as an ambient capability, capabilities(7)), instead of anybody's folders being opened.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2  # linux/prctl.h
_CAP_DAC_OVERRIDE = 1  # linux/capability.h
_CAPABILITY_VERSION_3 = 0x20080522
_ADVICE = (
    "PostgreSQL does not run as root, and the account that it would run as instead has no way to it. Run Leadloom as an"
    " ordinary user, or keep it and LEADLOOM_HOME in folders that every account may enter."
)


def _call(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _reachable(paths: list[str], uid: int, gid: int) -> bool:
    """Whether the account can read and search every path, asked of the kernel under the account's identity."""
    os.setegid(gid)
    os.seteuid(uid)
    try:
        return all(os.access(path, os.R_OK | os.X_OK, effective_ids=True) for path in paths)
    finally:
        os.seteuid(0)
        os.setegid(0)


def _become(uid: int, gid: int, needed: list[str]) -> None:
    """Change to the account for good, keeping the right to pass closed folders only if it is needed."""
    os.setgroups([])
    reachable = _reachable(needed, uid, gid)
    libc = ctypes.CDLL(None, use_errno=True)
    if not reachable:
        _call(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if not reachable:
        mask = 1 << _CAP_DAC_OVERRIDE
        header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
        _call(libc.capset(header, struct.pack("6I", mask, mask, mask, 0, 0, 0)), "set capabilities")
        _call(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0), "raise capability")


def _die_with(parent: int) -> None:
    """Ask the kernel for a fast shutdown (SIGINT) when `parent` dies however it dies. Linux only; see prctl(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    _call(libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0), "follow parent")
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def main() -> None:
    """Change the account, tie the process to its parent, and become the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--account", help="uid:gid to run as; only root can")
    parser.add_argument("--needs", action="append", default=[], help="a path the account must be able to enter")
    parser.add_argument("--parent", type=int, help="shut down when this process dies")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command: list[str] = args.command[1:] if args.command[:1] == ["--"] else args.command
    try:
        if args.account:
            uid, gid = (int(part) for part in args.account.split(":"))
            _become(uid, gid, [os.path.dirname(command[0]), command[0], *args.needs])  # noqa: PTH120 -- no pathlib: start fast
        if args.parent and sys.platform == "linux":
            _die_with(args.parent)
        os.umask(0o077)
        os.chdir("/")
        os.execv(command[0], command)  # noqa: S606 -- the command comes from cluster.py
    except OSError as error:
        advice = f" {_ADVICE}" if args.account else ""
        sys.exit(f"{command[0]} cannot be started: {error}.{advice}")


if __name__ == "__main__":
    main()
