"""How the shared budgets stand right now. Only read from Redis. No Django."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import redis as redis_py

from integrations.limits import SECOND, fail_closed, index_of, log_of

_PENCILLED = re.compile(r"\S+ \d+ (\d+) \d+;")
"""One entry of the field `pencil`: whose, rank, when, since when."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One shared scope now. limit: requests in `window` seconds; used, left: of the last window, `left` without what is
    booked; waiting: places taken for later; blocked_for: seconds of penalty left."""

    scope: str
    limit: float
    window: float
    used: int
    left: int
    waiting: int
    blocked_for: float


def readings(redis: redis_py.Redis, provider: str, *, clock: Callable[[], float] | None = None) -> list[Reading]:
    """The scopes of a provider that people share, for operators and for deciding how much work to start.

    Scopes that nobody used for a while are not listed. Raises Unavailable.
    """
    client: Any = redis
    found = []
    with fail_closed(provider):
        seconds, micros = client.time()
        now = int(clock() * SECOND) if clock else int(seconds) * SECOND + int(micros)
        for key in sorted(_text(name) for name in client.smembers(index_of(provider))):
            row = {_text(name): _text(value) for name, value in client.hgetall(key).items()}
            if "rate" in row:
                begin = f"({now - int(row['window'])}"
                used = client.zcount(log_of(key), begin, now)
                found.append(
                    _reading(key, row, now=now, used=used, booked=client.zcount(log_of(key), begin, "+inf") - used)
                )
            else:
                client.srem(index_of(provider), key)
    return found


def _reading(key: str, row: Mapping[str, str], *, now: int, used: int, booked: int) -> Reading:
    limit = float(row["rate"])
    pencilled = sum(int(at) > now for at in _PENCILLED.findall(row.get("pencil", "")))
    return Reading(
        scope=key.partition(":")[2].partition(":")[2],
        limit=limit,
        window=float(row["window"]) / SECOND,
        used=used,
        left=max(0, int(limit) - used - booked - pencilled),
        waiting=booked + pencilled,
        blocked_for=max(0.0, (float(row.get("block", 0)) - now) / SECOND),
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
