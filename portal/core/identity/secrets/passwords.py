"""Password hashes: Argon2id, on a few threads of their own so that a flood of log-ins leaves the pages their core."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

from passlib.context import CryptContext

MIN_LENGTH = 10
# Far above any passphrase; what is hashed should not grow with what a stranger sends.
MAX_LENGTH = 512
_NICENESS = 10


@cache
def _context() -> CryptContext:
    # One lane, because the threads below are the parallelism: 64 MiB twice is 110 ms of one core here, within
    # the 50 to 250 ms a log-in may take, and above every minimum OWASP names.
    return CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=65536,
        argon2__rounds=2,
        argon2__parallelism=1,
    )


@cache
def _pool() -> ThreadPoolExecutor:
    workers = max(1, (os.cpu_count() or 2) // 2)
    return ThreadPoolExecutor(workers, thread_name_prefix="passwords", initializer=_step_back)


def _step_back() -> None:
    """Let everything else go first on a busy machine; on Linux a thread has a priority of its own."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@cache
def _nobodys_hash() -> str:
    return _context().hash("an account that does not exist costs as much to check")


async def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), _context().hash, password)


async def verify(password: str, known_hash: str | None) -> tuple[bool, str | None]:
    """Tell whether a password is the one of a hash, and the hash to store instead where parameters have risen.

    Without a hash (no such account, no password yet) it takes as long and is never right.
    """
    return await asyncio.get_running_loop().run_in_executor(_pool(), _verify, password, known_hash)


def _verify(password: str, known_hash: str | None) -> tuple[bool, str | None]:
    if len(password) > MAX_LENGTH or "\x00" in password:
        return False, None
    if known_hash is None:
        _context().verify(password, _nobodys_hash())
        return False, None
    return _context().verify_and_update(password, known_hash)
