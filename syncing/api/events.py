"""A run as server-sent events. A stream holds a thread of the web while it lasts, so they are few and short."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection
from django.http import StreamingHttpResponse
from redis import RedisError
from rest_framework.renderers import JSONRenderer

from accounts.api.problems import Problem
from syncing import queries
from syncing.api.serializers import RunSerializer
from syncing.models import RunState, SyncRun
from syncing.services.progress import read_progress

if TYPE_CHECKING:
    from accounts.models import User

TYPE = "text/event-stream"
LASTS = 30.0
"""Seconds of one stream."""
EVERY = 1.0
"""Seconds between two looks."""
STREAMS = 2
"""At once for one person."""
RETRY = 2_000
"""Milliseconds until a browser comes back."""
BUSY = (RunState.QUEUED, RunState.RUNNING)
INSTEAD = "Ask runs/{id} every few seconds instead."

_lock = threading.Lock()
_open: set[Stream] = set()
"""The streams of this process: each holds one of its threads, and settings.EVENT_STREAMS may."""


def stream(user: User, run_id: UUID, *, wait: Callable[[float], None] = sleep) -> StreamingHttpResponse:
    """Raises Problem: conflict where the person watches as many already, unavailable where everybody together does."""
    found = Stream(user, run_id, wait=wait)
    answer = StreamingHttpResponse(found, content_type=TYPE)
    answer["Cache-Control"] = "no-store, private"
    # A proxy that collects the answer would show it when all is over.
    answer["X-Accel-Buffering"] = "no"
    return answer


class Stream:
    """The blocks of a stream, and its two places: of the person, everywhere, and of this process.

    Whoever answers closes it, also where nobody read a word of it.
    """

    def __init__(self, user: User, run_id: UUID, *, wait: Callable[[float], None]) -> None:
        with _lock:
            if len(_open) >= settings.EVENT_STREAMS:
                raise Problem("unavailable", f"Too many runs are watched now. {INSTEAD}", headers={"Retry-After": "5"})
            _open.add(self)
        try:
            self._place = _take_place(user)
        except Problem:
            _open.discard(self)
            raise
        self._events = _events(user, run_id, wait=wait)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Twice is once."""
        with _lock:
            if self not in _open:
                return
            _open.discard(self)
        _give_back(self._place)


def _take_place(user: User) -> str:
    """The key of the place; "" without the cache. A place that nobody gave back is free again when a stream is over."""
    try:
        for number in range(STREAMS):
            key = f"stream:{user.pk}:{number}"
            if cache.add(key, 1, timeout=int(LASTS) + 5):
                return key
    except RedisError:
        return ""
    raise Problem("conflict", f"You watch {STREAMS} runs already. {INSTEAD}")


def _give_back(place: str) -> None:
    if place:
        try:
            cache.delete(place)
        except RedisError:
            return


def _events(user: User, run_id: UUID, *, wait: Callable[[float], None]) -> Iterator[bytes]:
    ends, told = monotonic() + LASTS, ""
    yield f"retry: {RETRY}\n\n".encode()
    while True:
        try:
            run = queries.run_for_user(user, run_id)
        except SyncRun.DoesNotExist:
            yield b"event: end\ndata: {}\n\n"
            return
        except OperationalError:
            # The browser comes back by itself, and learns then whether the database did.
            return
        text = _tell(run)
        # A comment keeps the line open where nothing moved.
        yield f"event: run\ndata: {text}\n\n".encode() if text != told else b": nothing new\n\n"
        told = text
        if run.state not in BUSY:
            yield b"event: end\ndata: {}\n\n"
            return
        if monotonic() >= ends:
            return
        # Not held while nothing is asked of it.
        connection.close()
        wait(EVERY)


def _tell(run: SyncRun) -> str:
    """One line of JSON: the run as elsewhere, with `progress` while it is at work."""
    found = read_progress(run.pk) if run.state in BUSY else None
    noted = None if found is None else {"stage": found.stage, "done": found.done, "total": found.total}
    return json.dumps({**json.loads(JSONRenderer().render(RunSerializer(run).data)), "progress": noted})
