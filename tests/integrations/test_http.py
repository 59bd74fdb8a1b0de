from __future__ import annotations

import gzip
import io
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from integrations import line as line_module
from integrations.crypto import Secret
from integrations.errors import (
    AuthRevoked,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
    Unavailable,
)
from integrations.http import Session, build_client, rewrite
from integrations.line import Line
from tests.integrations.doubles import (
    SITE,
    USER_AGENT,
    Clock,
    NotingBreaker,
    NotingLimiter,
    Toy,
    make_line,
    make_session,
)

URL = "https://api.toy.test/v2/anime/5114/my_list_status"
Handler = Callable[[httpx.Request], httpx.Response]


class Script:
    """Gives its answers in order, the last one for ever; keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def fail(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": "x"}, headers={k.replace("_", "-"): v for k, v in headers.items()})


# What is sent ------------------------------------------------------------------------------------------------


def test_each_request_says_who_we_are_and_whose_token_it_is() -> None:
    script = Script(ok(a=1))
    session = make_session(make_line(script))
    answer = session.send("GET", URL, params={"q": "a b"})
    headers = script.requests[0].headers
    assert headers["user-agent"] == USER_AGENT
    assert headers["referer"] == SITE
    assert headers["accept"] == "application/json"
    assert headers["authorization"] == "Bearer planted-token"
    assert script.requests[0].url.query == b"q=a+b"
    assert answer.status == 200
    assert session.requests == 1


def test_a_form_and_json_are_sent_as_such() -> None:
    script = Script(ok())
    session = make_session(make_line(script))
    session.send("PATCH", URL, form={"status": "completed", "comments": "ü&="})
    session.send("POST", URL, json={"query": "{a}"})
    assert script.requests[0].content == b"status=completed&comments=%C3%BC%26%3D"
    assert script.requests[1].content == b'{"query":"{a}"}'


def test_cookies_do_not_travel_from_one_person_to_the_next() -> None:
    script = Script(httpx.Response(200, json={}, headers={"set-cookie": "who=alice; Path=/"}))
    line = make_line(script)
    make_session(line).send("GET", URL)
    make_session(line).send("GET", URL)
    assert "cookie" not in script.requests[1].headers


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/v2",
        "http://api.toy.test/v2",
        "https://api.toy.test:8443/v2",
        "https://api.toy.test@evil.test/v2",
        "https://user@api.toy.test/v2",
        "https://api.toy.test.evil.test/v2",
        "//api.toy.test/v2",
        "https://api.toy.test\n/v2",
        "file:///etc/passwd",
    ],
)
def test_only_the_providers_own_hosts_are_reached(url: str) -> None:
    script, limiter = Script(ok()), NotingLimiter()
    with pytest.raises(Malformed):
        make_session(make_line(script, limiter=limiter)).send("GET", url)
    assert script.requests == []
    assert limiter.notes == []


def test_the_sandbox_takes_the_place_of_every_host() -> None:
    script = Script(ok())
    line = make_line(script, sandbox_url="http://127.0.0.1:8800/")
    make_session(line).send("GET", URL, params={"a": "1"})
    assert str(script.requests[0].url) == "http://127.0.0.1:8800/api.toy.test/v2/anime/5114/my_list_status?a=1"
    with pytest.raises(Malformed):
        make_session(line).send("GET", "https://evil.test/")
    assert rewrite("https://toy.test/a?b=c", "") == "https://toy.test/a?b=c"
    assert rewrite("https://toy.test/a?b=c", "http://[::1]:1") == "http://[::1]:1/toy.test/a?b=c"


def test_a_redirect_is_not_followed() -> None:
    script = Script(httpx.Response(302, headers={"location": "https://api.toy.test/other"}))
    with pytest.raises(Transient):
        make_session(make_line(script)).send("GET", URL)
    assert len(script.requests) == 1


def test_the_client_ignores_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert build_client(user_agent=USER_AGENT, site_url=SITE).trust_env is False


# Budget and breaker ------------------------------------------------------------------------------------------


def test_the_budget_is_asked_first_and_learns_from_the_headers() -> None:
    limiter, breaker = NotingLimiter(), NotingBreaker()
    answer = httpx.Response(200, json={}, headers={"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "12"})
    make_session(make_line(Script(answer), limiter=limiter, breaker=breaker)).send("GET", URL)
    assert limiter.notes == [("acquire", 1), ("observe", 30, 12)]
    assert breaker.notes == ["before", "succeeded"]


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5", "99999999999999999999", "٣", '{"limit": 1}', "30, 30"])
def test_strange_limit_headers_teach_nothing(text: str) -> None:
    limiter = NotingLimiter()
    answer = httpx.Response(200, json={}, headers=[(b"x-ratelimit-limit", text.encode())])
    make_session(make_line(Script(answer), limiter=limiter)).send("GET", URL)
    assert limiter.notes == [("acquire", 1)]


def test_nothing_is_sent_when_the_budget_is_spent() -> None:
    script, breaker = Script(ok()), NotingBreaker()
    limiter = NotingLimiter(refusal=RateLimited("spent", retry_after=40))
    session = make_session(make_line(script, limiter=limiter, breaker=breaker))
    with pytest.raises(RateLimited):
        session.send("GET", URL, repeatable=True)
    assert (script.requests, breaker.notes, session.requests) == ([], [], 0)


def test_nothing_is_sent_while_the_breaker_is_open() -> None:
    script, clock = Script(ok()), Clock()
    breaker = NotingBreaker(refusal=Unavailable("open", retry_after=30))
    with pytest.raises(Unavailable):
        make_session(make_line(script, breaker=breaker, clock=clock)).send("GET", URL, repeatable=True)
    assert script.requests == []
    assert breaker.notes == ["before"]
    assert clock.slept == []


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (ok(), "succeeded"),
        (fail(401), "succeeded"),
        (fail(404), "succeeded"),
        (fail(429), "succeeded"),
        (fail(500), "failed"),
        (fail(503), "failed"),
        (httpx.Response(403, html="<p>DoS detected"), "failed"),
        (httpx.ReadTimeout("slow"), "failed"),
        (httpx.ConnectError("no"), "failed"),
    ],
)
def test_the_breaker_counts_outages_only(answer: Any, note: str) -> None:
    breaker = NotingBreaker()
    line = make_line(Script(answer), breaker=breaker)
    with suppress(ProviderError):
        line.exchange(line_module.Request("GET", URL))
    assert breaker.notes == ["before", note]


def test_a_penalty_lasts_as_long_as_the_service_says() -> None:
    for answer, seconds in [
        (fail(429, retry_after="7"), 7.0),
        (fail(429), 60.0),
        (fail(503, retry_after="120"), 120.0),
    ]:
        limiter = NotingLimiter()
        with pytest.raises(Transient):
            make_session(make_line(Script(answer), limiter=limiter)).send("GET", URL)
        assert limiter.notes[-1] == ("penalise", seconds)


def test_an_answer_is_not_lost_when_redis_goes_away_after_it() -> None:
    class Away(NotingLimiter):
        def observe(self, *, limit: int | None, remaining: int | None) -> None:
            raise Unavailable("no Redis")

    answer = httpx.Response(200, json={"saved": 1}, headers={"x-ratelimit-limit": "30"})
    assert make_session(make_line(Script(answer), limiter=Away())).send("POST", URL).body == b'{"saved":1}'


# What an answer means: see also test_answers.py --------------------------------------------------------------


def test_the_providers_own_verdict_goes_first() -> None:
    toy = Toy(verdict=lambda answer: Rejected("too long") if answer.status == 200 else None)
    with pytest.raises(Rejected, match="too long") as caught:
        make_session(make_line(Script(ok()), service=toy)).send("GET", URL)
    assert caught.value.provider == "toy"


# Trying again ------------------------------------------------------------------------------------------------


def test_a_read_is_tried_three_times_with_growing_full_jitter() -> None:
    script, clock = Script(fail(502), httpx.ReadTimeout("slow"), ok(a=1)), Clock()
    session = make_session(make_line(script, clock=clock), draw=lambda: 0.5)
    assert session.send("GET", URL, repeatable=True).body == b'{"a":1}'
    assert session.requests == 3
    assert clock.slept == [0.5, 1.0]


def test_the_third_failure_is_final() -> None:
    script = Script(fail(502))
    with pytest.raises(Transient):
        make_session(make_line(script)).send("GET", URL, repeatable=True)
    assert len(script.requests) == 3


@pytest.mark.parametrize("answer", [fail(500), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")])
def test_a_write_whose_fate_is_unknown_is_not_repeated(answer: Any) -> None:
    script = Script(answer, ok())
    with pytest.raises(Transient) as caught:
        make_session(make_line(script)).send("POST", URL)
    assert len(script.requests) == 1
    assert caught.value.unsent is False


def test_a_write_that_never_left_is_repeated() -> None:
    script = Script(httpx.ConnectError("refused"), ok(a=1))
    assert make_session(make_line(script)).send("POST", URL).status == 200
    with pytest.raises(Transient) as caught:
        make_session(make_line(Script(httpx.ConnectTimeout("no")))).send("POST", URL)
    assert caught.value.unsent is True


def test_a_short_wait_is_slept_and_a_long_one_is_not() -> None:
    clock = Clock()
    make_session(make_line(Script(fail(429, retry_after="2"), ok()), clock=clock)).send("POST", URL)
    assert clock.slept == [2.0]
    script = Script(fail(429, retry_after="3"), ok())
    with pytest.raises(RateLimited) as caught:
        make_session(make_line(script, clock=clock)).send("GET", URL, repeatable=True)
    assert (caught.value.retry_after, len(script.requests), clock.slept) == (3.0, 1, [2.0])


def test_an_outage_that_was_announced_is_not_tried_again() -> None:
    script = Script(fail(503, retry_after="1"), ok())
    with pytest.raises(Unavailable):
        make_session(make_line(script)).send("GET", URL, repeatable=True)
    assert len(script.requests) == 1


def test_all_tries_end_with_the_deadline() -> None:
    clock = Clock()

    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 50
        return fail(502)

    session = make_session(make_line(slow, clock=clock))
    with pytest.raises(Transient):
        session.send("GET", URL, repeatable=True)
    assert session.requests == 2


# Tokens ------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_renewed_once_and_the_request_sent_again() -> None:
    script = Script(fail(401), ok(a=1))
    session = make_session(make_line(script), renew=lambda: Secret("planted-new"))
    assert session.send("POST", URL).status == 200
    sent = [request.headers["authorization"] for request in script.requests]
    assert sent == ["Bearer planted-token", "Bearer planted-new"]
    session.send("GET", URL)
    assert script.requests[2].headers["authorization"] == "Bearer planted-new"


def test_a_renewed_token_that_is_refused_too_ends_it() -> None:
    script, ended = Script(fail(401)), []
    session = make_session(make_line(script), renew=lambda: Secret("planted-new"), refused=lambda: ended.append(True))
    with pytest.raises(AuthRevoked):
        session.send("GET", URL, repeatable=True)
    assert (len(script.requests), ended) == (2, [True])


def test_a_403_on_a_new_token_is_a_shield_and_no_verdict() -> None:
    ended: list[bool] = []
    session = make_session(
        make_line(Script(fail(401), fail(403))), renew=lambda: Secret("new"), refused=lambda: ended.append(True)
    )
    with pytest.raises(Unavailable):
        session.send("GET", URL)
    assert ended == []


def test_without_renewal_a_refusal_is_final() -> None:
    script = Script(fail(401))
    with pytest.raises(AuthRevoked):
        make_session(make_line(script)).send("GET", URL)
    assert len(script.requests) == 1


@pytest.mark.parametrize("token", ["planted-tok\nen", "planted-tökén", "planted-\x00"])
def test_a_token_that_cannot_travel_shows_up_nowhere(token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as port:
        session = make_session(real_line(port), token=Secret(token))
        with pytest.raises(Malformed) as caught:
            session.send("GET", URL)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(session.__dict__)
    assert "planted" not in shown


# Caps --------------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "MAX_BODY", 1000)
    make_session(make_line(Script(httpx.Response(200, content=b" " * 998 + b"{}")))).send("GET", URL)
    with pytest.raises(Malformed, match="too large"):
        make_session(make_line(Script(httpx.Response(200, content=b" " * 1001)))).send("GET", URL)


def test_a_packed_body_counts_as_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "MAX_BODY", 100_000)
    bomb = gzip.compress(b" " * 1_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with serve(answer + bomb) as port, pytest.raises(Malformed, match="too large"):
        make_session(real_line(port)).send("GET", URL)


@pytest.mark.parametrize("encoding", [b"gzip, gzip", b"deflate", b"br", b"x"])
def test_only_what_was_asked_for_is_unpacked(encoding: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\n{}" % encoding
    with serve(answer) as port, pytest.raises(Malformed, match="packed"):
        make_session(real_line(port)).send("GET", URL)


def test_an_answer_that_drips_is_given_up() -> None:
    clock = Clock()

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(100):
                clock.now += 10
                yield b"x"

    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, stream=Drip())

    started = clock.now
    with pytest.raises(Transient, match="in time"):
        make_session(make_line(handler, clock=clock)).send("POST", URL)
    assert clock.now - started == 50
    assert seen == [{"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 5.0}]


# On a real wire ----------------------------------------------------------------------------------------------


@contextmanager
def serve(reply: bytes, received: list[bytes] | None = None) -> Iterator[int]:
    """Answers every connection on loopback with `reply` and closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                request = peer.recv(65_536)
                if received is not None:
                    received.append(request)
                peer.sendall(reply)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


_clients: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    """Else a later test would be blamed for their sockets."""
    yield
    while _clients:
        _clients.pop().close()


def real_line(port: int) -> Line:
    clock = Clock()
    _clients.append(build_client(user_agent=USER_AGENT, site_url=SITE))
    return Line(
        Toy(),
        client=_clients[-1],
        limiter=NotingLimiter(),
        breaker=NotingBreaker(),
        sandbox_url=f"http://127.0.0.1:{port}",
        clock=clock,
        stopwatch=clock,
    )


@pytest.mark.parametrize(
    "reply",
    [
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"a":',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_a_cut_answer_is_transient_and_unknown(reply: bytes) -> None:
    with serve(reply) as port, pytest.raises(Transient) as caught:
        make_session(real_line(port)).send("POST", URL)
    assert caught.value.unsent is False


def test_a_closed_port_is_transient_and_unsent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Transient) as caught:
        make_session(real_line(port)).send("POST", URL)
    assert caught.value.unsent is True


def test_a_packed_answer_is_unpacked() -> None:
    body = gzip.compress(b'{"a": 1}')
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    received: list[bytes] = []
    with serve(head % len(body) + body, received) as port:
        assert make_session(real_line(port)).send("GET", URL).body == b'{"a": 1}'
    assert b"\r\naccept-encoding: gzip\r\n" in received[0].lower()


# What is told ------------------------------------------------------------------------------------------------


def test_one_line_a_request_without_ids_query_or_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session = make_session(make_line(Script(ok())))
    session.send("GET", "https://api.toy.test/v2/users/alice/animelist", params={"q": "private"})
    assert [record.getMessage() for record in caplog.records] == ["toy GET api.toy.test/v2/users/{}/animelist 200 0 ms"]


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout("timed out"), httpx.ConnectError("refused"), httpx.RemoteProtocolError("peer closed")],
)
def test_failures_are_chained_and_tell_neither_address_nor_token(error: httpx.HTTPError) -> None:
    with pytest.raises(Transient) as caught:
        make_session(make_line(Script(error))).send("POST", URL, params={"q": "private"}, form={"notes": "private"})
    assert caught.value.__cause__ is error
    shown = io.StringIO()
    traceback.print_exception(caught.value, file=shown)
    assert caught.value.message.startswith(("Toy ", "The answer of Toy "))
    assert "q=private" not in shown.getvalue()
    assert "planted-token" not in shown.getvalue()
    assert "private" not in repr(line_module.Request("GET", URL, params={"q": "private"}, form={"a": "private"}))


def test_a_session_knows_its_account() -> None:
    session = Session(make_line(Script(ok())), account_id="7", account_settings={"score_format": "POINT_5"})
    assert (session.account_id, dict(session.account_settings), session.requests) == (
        "7",
        {"score_format": "POINT_5"},
        0,
    )
