"""How far a run is, for who watches: kept in the cache for a few minutes, never needed for anything else."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from django.core.cache import cache
from redis import RedisError

log = logging.getLogger(__name__)

KEPT = 600
"""Seconds."""
APART = 0.5
"""Seconds between two notes of one stage."""


@dataclass(frozen=True, slots=True)
class Progress:
    """stage: read, plan, library or write; done of total, in entries."""

    stage: str
    done: int
    total: int


class Notes:
    """A `Tell` for one run that a person waits for."""

    def __init__(self, run_id: UUID) -> None:
        self._key, self._stage, self._at = _key(run_id), "", 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = monotonic()
        if stage == self._stage and done < total and now - self._at < APART:
            return
        self._stage, self._at = stage, now
        try:
            cache.set(self._key, [stage, done, total], timeout=KEPT)
        except RedisError:
            log.info("nobody can watch this run: the cache is away")


def read_progress(run_id: UUID) -> Progress | None:
    """None when nothing was noted, and while the cache is away."""
    try:
        found = cache.get(_key(run_id))
    except RedisError:
        return None
    return None if found is None else Progress(*found)


def _key(run_id: UUID) -> str:
    return f"progress:{run_id}"
