"""The one place where requests leave: hosts, budget, breaker, time limits, size caps, one log line each."""

from __future__ import annotations

import base64
import http.cookiejar
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote_plus

import httpx

from integrations.answers import Answer, judge_generally, read_count, read_wait
from integrations.crypto import Secret
from integrations.errors import Malformed, ProviderError, RateLimited, Transient, Unavailable
from integrations.limits import Limiter

log = logging.getLogger(__name__)
# Their own lines hold whole addresses, and at DEBUG headers too.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TRY_SECONDS = 45.0
"""One try from the first byte sent to the last byte read."""
MAX_BODY = 32 * 1024 * 1024
"""Decompressed bytes. Both AniList lists at their cap of 11,000 entries each are about 14 MB (anilist.md 4.1)."""

Judge = Callable[[Answer], ProviderError | None]


class Service(Protocol):
    """What this file needs to know of a provider. Every `Provider` is one."""

    slug: str
    name: str
    hosts: frozenset[str]

    def judge(self, answer: Answer) -> ProviderError | None: ...


class Breaker(Protocol):
    """One per provider, shared by all workers. `before_call` raises Unavailable while it is open."""

    def before_call(self) -> None: ...

    def succeeded(self) -> None: ...

    def failed(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as told to `Line`. url: absolute, https, without the sandbox. What may be private is not shown.

    form, and json where it is an object, may hold Secrets as values: they are revealed where the request is built, so
    that no frame between here and there has them in plain text.
    """

    method: str
    url: str
    params: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str | Secret] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    token: Secret | None = field(default=None, repr=False)
    basic: tuple[str, Secret] | None = field(default=None, repr=False)


def rewrite(url: str, sandbox_url: str) -> str:
    """https://HOST/path?query as {sandbox_url}/HOST/path?query; unchanged when there is no sandbox."""
    return f"{sandbox_url.rstrip('/')}/{url.removeprefix('https://')}" if sandbox_url else url


def build_client(
    *, user_agent: str, site_url: str, transport: httpx.BaseTransport | None = None, connections: int = 32
) -> httpx.Client:
    """A client that is safe to share between threads and people: no cookies, no redirects, no proxy from outside.

    AniList answers 403 without a Referer, so our own address is sent with every request (anilist.md 2.1).
    """
    jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return httpx.Client(
        headers={
            "User-Agent": user_agent,
            "Referer": site_url,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        },
        cookies=jar,
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections // 2),
    )


class Line:
    """The way out to one service for one purpose. Makes single tries; counts them in `requests`.

    app: client id, for services that want it in a header of every call.
    write_limiter: for what is not a GET, where the service counts that apart.
    outage_limiter: told of outages, where `limiter` is first of all one person's.
    """

    def __init__(
        self,
        service: Service,
        *,
        client: httpx.Client,
        limiter: Limiter,
        breaker: Breaker,
        app: str = "",
        write_limiter: Limiter | None = None,
        outage_limiter: Limiter | None = None,
        sandbox_url: str = "",
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.requests = 0
        self.clock = clock
        self.stopwatch = stopwatch
        self._client = client
        self._limiter = limiter
        self._write_limiter = write_limiter or limiter
        self._outage_limiter = outage_limiter
        self._headers = _fixed_headers(service, app)
        self._breaker = breaker
        self._sandbox_url = sandbox_url

    def exchange(self, request: Request, *, judge: Judge | None = None, seconds: float = TRY_SECONDS) -> Answer:
        """The answer to one request, tried once. Raises the verdict of `judge` (default: `self.judge`), if any.

        The budget comes before the breaker, so that a half-open breaker's single call is one that is really made.
        """
        outgoing = self._prepare(request, seconds)
        limiter = self._limiter if request.method == "GET" else self._write_limiter
        limiter.acquire()
        self._breaker.before_call()
        self.requests += 1
        started = self.stopwatch()
        try:
            answer = self._receive(outgoing, started + seconds)
        except httpx.LocalProtocolError:
            # Its text quotes the header that it refuses, which may be the token.
            raise self._malformed("A request to {name} could not be written.") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            failure = self._explain(error)
            self._settle(limiter, None, failure)
            self._report(request, started, type(error).__name__)
            raise failure from error
        verdict = (judge or self.judge)(answer)
        self._settle(limiter, answer, verdict)
        self._report(request, started, str(answer.status))
        if verdict is not None:
            verdict.provider = verdict.provider or self.service.slug
            raise verdict
        return answer

    def judge(self, answer: Answer) -> ProviderError | None:
        """The provider's own verdict on an answer of its API, else HTTP's."""
        return self.service.judge(answer) or judge_generally(answer, name=self.service.name, now=self.clock())

    def _prepare(self, request: Request, seconds: float) -> httpx.Request:
        try:
            url = httpx.URL(request.url)
            allowed = url.scheme == "https" and url.host in self.service.hosts and url.port is None and not url.userinfo
            if not allowed:
                raise self._malformed("{name} sent us to an address that is not its own.")
            return self._client.build_request(
                request.method,
                rewrite(request.url, self._sandbox_url),
                params=request.params,
                json=_reveal(request.json),
                data=_reveal(request.form),
                headers={**self._headers, **(request.headers or {}), **_authorization(request)},
                timeout=httpx.Timeout(min(READ_SECONDS, seconds), connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            )
        except (httpx.InvalidURL, UnicodeEncodeError):
            raise self._malformed("A request to {name} could not be written.") from None

    def _receive(self, outgoing: httpx.Request, ends: float) -> Answer:
        response = self._client.send(outgoing, stream=True, follow_redirects=False)
        try:
            # One layer of gzip grows a 64 KB read to at most 66 MB; stacked layers would grow without bound.
            if response.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
                raise self._malformed("{name} sent an answer packed in a way that we did not ask for.")
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY:
                    raise self._malformed("{name} sent an answer that is too large.")
                if self.stopwatch() > ends:
                    raise httpx.ReadTimeout("the whole answer took too long", request=outgoing)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, bytes(body))
        finally:
            response.close()

    def _explain(self, error: Exception) -> Transient:
        """What a failure of the wire means. `unsent` is set where the request surely did not arrive."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            unsent = Transient(f"{self.service.name} cannot be reached.", provider=self.service.slug)
            unsent.unsent = True
            return unsent
        if isinstance(error, httpx.TimeoutException):
            return Transient(f"{self.service.name} did not answer in time.", provider=self.service.slug)
        return Transient(f"The answer of {self.service.name} was cut short.", provider=self.service.slug)

    def _malformed(self, message: str) -> Malformed:
        return Malformed(message.format(name=self.service.name), provider=self.service.slug)

    def _settle(self, limiter: Limiter, answer: Answer | None, verdict: ProviderError | None) -> None:
        """Tells budget and breaker. Without Redis that is lost; the answer, which may be to a write, is not."""
        try:
            if answer is not None:
                self._tell_limiter(limiter, answer, verdict)
            # A service that counts our requests or refuses a token is awake.
            if isinstance(verdict, Transient) and not isinstance(verdict, RateLimited):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
        except Unavailable as error:
            log.warning("%s: nothing was learnt from an answer: %s", self.service.slug, error.message)

    def _tell_limiter(self, limiter: Limiter, answer: Answer, verdict: ProviderError | None) -> None:
        limit = read_count(answer, "x-ratelimit-limit")
        remaining = read_count(answer, "x-ratelimit-remaining")
        if limit is not None or remaining is not None:
            limiter.observe(limit=limit, remaining=remaining)
        if isinstance(verdict, RateLimited):
            limiter.penalise(verdict.retry_after)
        elif isinstance(verdict, Unavailable):
            wait = read_wait(answer, now=self.clock())
            if wait is None and answer.status in (403, 429):
                # A shield that has shut out our address, whoever asks (trakt.md 4): it need not say for how long.
                wait = verdict.retry_after
            if wait:
                (self._outage_limiter or limiter).penalise(wait)

    def _report(self, request: Request, started: float, outcome: str) -> None:
        url = httpx.URL(request.url)
        milliseconds = round((self.stopwatch() - started) * 1000)
        values = (self.service.slug, request.method, url.host, template_path(url.path), outcome, milliseconds)
        log.info("%s %s %s%s %s %d ms", *values)


_PLAIN_SEGMENT = re.compile(r"[a-z]+(?:[_-][a-z]+)*|v\d{1,2}|@me|")


def template_path(path: str) -> str:
    """/v2/anime/5114/my_list_status as /v2/anime/{}/my_list_status: no ids and no people's names."""
    parts = path.split("/")
    shown = [part if _PLAIN_SEGMENT.fullmatch(part) else "{}" for part in parts]
    for at in range(1, len(parts)):
        if parts[at - 1] == "users" and parts[at] != "@me":
            shown[at] = "{}"
    return "/".join(shown)


def _reveal(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in body.items()}


def _fixed_headers(service: Service, app: str) -> Mapping[str, str]:
    """What the provider sends with every request: of its method `headers`, where it has one."""
    named: Callable[[str], Mapping[str, str]] | None = getattr(service, "headers", None)
    return {} if named is None else named(app)


def _authorization(request: Request) -> dict[str, str]:
    if request.token is not None:
        return {"Authorization": f"Bearer {request.token.reveal()}"}
    if request.basic is not None:
        name, secret = request.basic
        # Both parts are form-encoded first: RFC 6749, 2.3.1.
        pair = f"{quote_plus(name)}:{quote_plus(secret.reveal())}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}
