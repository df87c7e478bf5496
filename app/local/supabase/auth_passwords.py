"""Password hashes of the embedded stack's users: salted scrypt (RFC 7914) from the standard library.

`auth_api.py` makes one at sign-up and compares at sign-in; a password itself is kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets

__all__ = ["hash_password", "password_matches"]

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1  # 16 MB and some 40 ms a try
_NOBODYS_HASH = f"scrypt${_COST}${_BLOCK}${_PARALLEL}$AAAAAAAAAAAAAAAAAAAAAA==$"


async def hash_password(password: str) -> str:
    """`scrypt$n$r$p$salt$hash`, made in a thread: it takes a while on purpose."""
    salt = secrets.token_bytes(16)
    digest = await asyncio.to_thread(_digest, password, salt, _COST, _BLOCK, _PARALLEL)
    return "$".join(["scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), _text(salt), _text(digest)])


async def password_matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; takes as long when there is none, so that nobody learns who exists."""
    _, cost, block, parallel, salt, expected = (stored or _NOBODYS_HASH).split("$")
    digest = await asyncio.to_thread(_digest, password, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return secrets.compare_digest(_text(digest), expected)


def _digest(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=64 * 1024 * 1024)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
