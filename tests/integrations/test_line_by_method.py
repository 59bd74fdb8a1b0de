"""Headers of a provider, and budgets where a service counts reads and writes apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pytest_django import Settings
from redis import Redis

from integrations.errors import ProviderError, RateLimited, Unavailable
from integrations.limits import Budget, RedisLimiter, budgets_of
from integrations.line import Line, Request, build_client
from integrations.providers import registry
from integrations.services import providers
from tests.integrations.doubles import SITE, USER_AGENT, Clock, NotingBreaker, NotingLimiter, Toy, make_session

URL = "https://api.toy.test/sync/history"
READS, WRITES = Budget("token", 440, 300.0, 20, "reads"), Budget("token", 1, 1.1, applies="writes")
SHARED = Budget("address", 60, 10.0, 4)


@dataclass
class Keyed(Toy):
    """Wants its app's key in a header of every call."""

    def headers(self, client_id: str) -> Mapping[str, str]:
        return {"Content-Type": "application/json", "x-key": client_id, "Accept": "application/toy"}


class Desk:
    """A line with three limiters that take notes, and what it sent."""

    def __init__(self, answer: httpx.Response, *, verdict: ProviderError | None = None, service: Any = None) -> None:
        self.sent: list[httpx.Request] = []
        self.reads, self.writes, self.outages = NotingLimiter(), NotingLimiter(), NotingLimiter()

        def reply(request: httpx.Request) -> httpx.Response:
            self.sent.append(request)
            return answer

        clock = Clock()
        self.line = Line(
            service or Keyed(verdict=lambda _: verdict),
            client=build_client(user_agent=USER_AGENT, site_url=SITE, transport=httpx.MockTransport(reply)),
            limiter=self.reads,
            breaker=NotingBreaker(),
            app="the-app",
            write_limiter=self.writes,
            outage_limiter=self.outages,
            clock=clock,
            stopwatch=clock,
        )


def test_a_providers_headers_go_with_every_request_and_a_call_may_replace_them() -> None:
    desk = Desk(httpx.Response(200, json={}))
    session = make_session(desk.line)
    session.send("GET", URL)
    session.send("POST", URL, json={}, headers={"Accept": "application/other", "Content-Type": "application/toy"})
    first, second = (request.headers for request in desk.sent)
    assert (first["content-type"], first["x-key"], first["accept"]) == (
        "application/json",
        "the-app",
        "application/toy",
    )
    assert (second["content-type"], second["accept"]) == ("application/toy", "application/other")
    assert {headers["authorization"] for headers in (first, second)} == {"Bearer planted-token"}
    assert session.now() == desk.line.clock()


def test_a_provider_without_headers_sends_none_of_its_own() -> None:
    desk = Desk(httpx.Response(200, json={}), service=Toy())
    make_session(desk.line).send("GET", URL)
    assert "the-app" not in desk.sent[0].headers.values()
    assert "content-type" not in desk.sent[0].headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_each_method_spends_and_is_held_back_by_its_own_budget(method: str) -> None:
    desk = Desk(httpx.Response(429, json={}, headers={"retry-after": "7"}))
    with pytest.raises(RateLimited):
        desk.line.exchange(Request(method, URL))
    spent = [("acquire", 1), ("penalise", 7.0)]
    chosen, other = (desk.reads, desk.writes) if method == "GET" else (desk.writes, desk.reads)
    assert (chosen.notes, other.notes, desk.outages.notes) == (spent, [], [])


@pytest.mark.parametrize(
    ("status", "header", "wait"), [(403, "", 300.0), (429, "", 300.0), (429, "20", 20.0), (503, "90", 90.0)]
)
def test_a_shield_or_an_outage_holds_everybody_back(status: int, header: str, wait: float) -> None:
    answer = httpx.Response(status, html="<p>banned", headers={"retry-after": header} if header else {})
    desk = Desk(answer, verdict=Unavailable("away", retry_after=300.0))
    with pytest.raises(Unavailable):
        desk.line.exchange(Request("POST", URL))
    assert desk.outages.notes == [("penalise", wait)]
    assert desk.writes.notes == [("acquire", 1)]


def test_an_outage_that_names_no_time_holds_back_the_one_who_met_it() -> None:
    """The breaker sees to the others, if there are more of them."""
    desk = Desk(httpx.Response(502, html="<p>"), verdict=Unavailable("away", retry_after=30.0))
    with pytest.raises(Unavailable):
        desk.line.exchange(Request("GET", URL))
    assert desk.outages.notes == []


def test_budgets_of_a_method() -> None:
    budgets = (READS, WRITES, SHARED)
    assert budgets_of(budgets, "reads") == (READS, SHARED)
    assert budgets_of(budgets, "writes") == (WRITES, SHARED)
    assert budgets_of((SHARED,), "reads") == budgets_of((SHARED,), "writes") == (SHARED,)


def test_reads_and_writes_of_one_scope_and_time_are_counted_apart(redis_client: Redis) -> None:
    clock = Clock()
    options: dict[str, Any] = {"token": "t", "sleep": clock.sleep, "clock": clock, "max_wait": 0.0}
    reads, writes = (
        RedisLimiter(redis_client, "toy", [Budget("token", 1, 60.0, applies=use)], **options)
        for use in ("reads", "writes")
    )
    reads.acquire()
    writes.acquire()
    with pytest.raises(RateLimited):
        reads.acquire()


def test_trakts_line_is_wired_to_its_budgets(settings: Settings, redis_client: Redis) -> None:
    settings.SANDBOX_URL = ""
    trakt = registry.get("trakt")
    line = providers.open_line(trakt, klass="checks", app="id", token="row")
    rates = {
        name: [budget.requests for budget in limiter._budgets]
        for name, limiter in (
            ("reads", line._limiter),
            ("writes", line._write_limiter),
            ("outages", line._outage_limiter),
        )
        if isinstance(limiter, RedisLimiter)
    }
    assert rates == {"reads": [460, 60], "writes": [1, 60], "outages": [60]}
    assert line._headers["trakt-api-key"] == "id"
    plain = providers.open_line(registry.get("anilist"), klass="checks")
    assert plain._write_limiter is plain._limiter
    assert (plain._outage_limiter, plain._headers) == (None, {})


def test_an_operators_rate_replaces_what_reads_may_cost(settings: Settings, redis_client: Redis) -> None:
    settings.PROVIDERS = {"trakt": {"rate": "100/300:5"}}
    first = providers.budgets_for(registry.get("trakt"))[0]
    assert first == Budget("token", 100, 300.0, 5, "reads")
    line = providers.open_line(registry.get("trakt"), klass="writes")
    assert isinstance(line._limiter, RedisLimiter)
    assert isinstance(line._write_limiter, RedisLimiter)
    assert line._limiter._budgets[0] == first
    assert line._write_limiter._budgets[0].requests == 1
