"""One person's conversation with one service: their token on every request, repeats where repeating is safe."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from integrations import stopping
from integrations.answers import Answer
from integrations.atlas import Atlas, PlayBook
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, ProviderError, RateLimited, Transient, Unavailable
from integrations.line import TRY_SECONDS, Line, Request, build_client, rewrite

__all__ = ["Answer", "Line", "Request", "Session", "build_client", "rewrite"]

SEND_SECONDS = 90.0
"""All tries of one `send` together, waits included."""
TRIES = 3
BACKOFF_SECONDS = 1.0
BACKOFF_CAP = 8.0
SHORT_WAIT = 2.0
"""Longest wait asked for by a service that is still slept in place; a longer one is the schedule's business."""


class Session:
    """One person's conversation with one provider, for the length of a run. Not for use by several threads.

    account_id, account_settings: of the connection; "" and {} before the person is known.
    options: the person's answers to what the provider asks of its own (`Provider.options`), defaults filled in.
    atlas, plays: for providers that count by shows; None for the others, and before the person is known.
    notes:   the provider's own scratch paper for the length of this run.
    requests: how many HTTP requests were made.
    then: opens the line for what follows the first request, where that may wait longer for its turn.
    writing: opens the line that writes go by, where they spend another share of the budget than reads.
    renew:   gives another token after a refusal, or raises AuthRevoked when there is none.
    refused: called when the renewed token was refused as well.
    sleep, draw: the wait and the random number in 0..1 behind it.
    """

    def __init__(
        self,
        line: Line,
        *,
        token: Secret | None = None,
        then: Callable[[], Line] | None = None,
        writing: Callable[[], Line] | None = None,
        renew: Callable[[], Secret] | None = None,
        refused: Callable[[], None] | None = None,
        account_id: str = "",
        account_settings: Mapping[str, Any] | None = None,
        options: Mapping[str, str] | None = None,
        atlas: Atlas | None = None,
        plays: PlayBook | None = None,
        sleep: Callable[[float], None] = stopping.pause,
        draw: Callable[[], float] = random.random,  # noqa: S311 (jitter)
    ) -> None:
        self.account_id = account_id
        self.account_settings: Mapping[str, Any] = account_settings or {}
        self.options: Mapping[str, str] = options or {}
        self.atlas = atlas
        self.plays = plays
        self.notes: dict[str, Any] = {}
        self.requests = 0
        self._line = line
        self._open_then = then
        self._open_writing = writing
        self._writing_line: Line | None = None
        self._token = token
        self._renew = renew
        self._refused = refused
        self._sleep = sleep
        self._draw = draw

    def now(self) -> float:
        """Unix seconds: the time that the line goes by."""
        return self._line.clock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is sent inside, reads as well, spends the share of writes; a person who waits keeps theirs."""
        if self._open_writing is None:
            yield
            return
        self._writing_line = self._writing_line or self._open_writing()
        reading, self._line = self._line, self._writing_line
        try:
            yield
        finally:
            self._line = reading

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One request with the person's token, after the budget allows it; 2xx answers only.

        headers: of this request alone, above those that the provider sends with every one.
        repeatable: may be sent again by itself after a Transient failure (reads). A failure that is `unsent` had
        no effect, so its request is sent again in any case.
        Raises ProviderError as the provider's `judge` says; on AuthRevoked the token is renewed once and the
        request sent once more.
        """
        request = Request(method, url, params=params, json=json, form=form, headers=headers)
        ends = self._line.stopwatch() + SEND_SECONDS
        renewed = False
        tries = 0
        stopping.check()
        while True:
            tries += 1
            try:
                return self._try(request, ends, renewed)
            except AuthRevoked:
                if renewed and self._refused is not None:
                    self._refused()
                if renewed or self._renew is None:
                    raise
                self._token, renewed = self._renew(), True
            except Transient as error:
                wait = self._wait_after(error, tries, repeatable)
                if wait is None or self._line.stopwatch() + wait >= ends:
                    raise
                self._sleep(wait)

    def _try(self, request: Request, ends: float, renewed: bool) -> Answer:
        def judge(answer: Answer) -> ProviderError | None:
            verdict = self._line.judge(answer)
            # MyAnimeList's shield answers 403 to good tokens too (myanimelist.md 8): no verdict on a new one.
            if renewed and answer.status == 403 and isinstance(verdict, AuthRevoked):
                return Unavailable(f"{self._line.service.name} refuses all requests at the moment.")
            return verdict

        if self._open_then is not None and self.requests and self._line is not self._writing_line:
            self._line, self._open_then = self._open_then(), None
        seconds = min(TRY_SECONDS, max(1.0, ends - self._line.stopwatch()))
        before = self._line.requests
        try:
            return self._line.exchange(replace(request, token=self._token), judge=judge, seconds=seconds)
        finally:
            self.requests += self._line.requests - before

    def _wait_after(self, error: Transient, tries: int, repeatable: bool) -> float | None:
        """Seconds to wait before the next try (full jitter), or None to give up."""
        if tries >= TRIES or not (repeatable or error.unsent) or isinstance(error, Unavailable):
            return None
        if isinstance(error, RateLimited):
            return error.retry_after if error.retry_after <= SHORT_WAIT else None
        return self._draw() * min(BACKOFF_CAP, BACKOFF_SECONDS * 2.0 ** (tries - 1))
