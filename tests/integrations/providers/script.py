"""A conversation that answers from a script, judged as a real one is, without a wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.answers import Answer, judge_generally
from integrations.http import Session
from integrations.providers.base import Provider

JSON = "application/json; charset=utf-8"


@dataclass
class Sent:
    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(body: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """`body`: a JSON value, or bytes as they come."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": JSON, **(headers or {})}, raw)


def page(text: str, *, status: int) -> Answer:
    return Answer(status, {"content-type": "text/html"}, text.encode())


Step = Answer | Exception | Callable[[Sent], Answer]


class ScriptedSession(Session):
    """Each request takes the next step of the script; a request beyond its end fails the test."""

    def __init__(self, provider: Provider, steps: Sequence[Step], *, account_id: str = "77") -> None:
        self.account_id = account_id
        self.account_settings = {}
        self.requests = 0
        self.sent: list[Sent] = []
        self._provider = provider
        self._steps = list(steps)

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
        sent = Sent(method, url, params or {}, json, form or {}, repeatable, headers or {})
        self.sent.append(sent)
        self.requests += 1
        assert self._steps, f"an unexpected request: {method} {url}"
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        given = step if isinstance(step, Answer) else step(sent)
        verdict = self._provider.judge(given) or judge_generally(given, name=self._provider.name, now=0.0)
        if verdict is not None:
            raise verdict
        return given

    @property
    def is_spent(self) -> bool:
        return not self._steps
