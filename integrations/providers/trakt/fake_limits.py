"""How Trakt turns requests away: buckets by token and by app, the edge in front of it, headers that must be there.

providers/trakt.md 3 and 4, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from integrations.sandbox.answers import JSON, block_page
from integrations.sandbox.base import Exchange
from integrations.sandbox.screen import iso
from integrations.sandbox.throttle import Burst, Shield

POST_BUCKET, GET_BUCKET, APP_BUCKET = "AUTHED_API_POST_LIMIT", "AUTHED_API_GET_LIMIT", "UNAUTHED_API_GET_LIMIT"
LIBRARIES = (
    "python-requests",
    "python-httpx",
    "python-urllib",
    "python/",
    "aiohttp",
    "go-http-client",
    "okhttp",
    "java/",
    "axios",
    "node",
    "undici",
    "libwww-perl",
    "ruby",
    "guzzlehttp",
)
"""How the default agents of HTTP libraries begin, in small letters."""
EDGE_SECONDS = 300
SPAN_OF_401S = 300.0


@dataclass
class Bucket:
    """So many requests in a period that begins with the first; what is turned away is not counted. limit 0 = none."""

    name: str
    limit: int
    period: float
    began: float = float("-inf")
    count: int = 0

    def wait(self, now: float) -> float:
        """0 = allowed and counted; else seconds until the next period."""
        if not self.limit:
            return 0.0
        if not 0 <= now - self.began < self.period:
            self.began, self.count = now, 0
        if self.count >= self.limit:
            return self.began + self.period - now
        self.count += 1
        return 0.0


class Gate:
    """The counters of one fake, anew whenever its settings change."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._edges: dict[str, Shield] = {}
        self._dead_tokens: dict[str, Burst] = {}
        self._banned: dict[str, float] = {}

    def ask_edge(self, exchange: Exchange, now: float, *, person: bool) -> Response | None:
        """The edge's refusal, by address and for every method and host; None = it lets the request through.

        person: a page that a browser shows; those are not asked for their agent.
        """
        settings = self._settings
        edge = self._edges.setdefault(
            exchange.address, Shield(settings["edge_rate"], settings["edge_room"], settings["edge_block"])
        )
        if settings["edge_ban"] or now < self._banned.get(exchange.address, now) or not edge.allows(now):
            return self.edge_page()
        agent = exchange.request.headers.get("User-Agent", "").strip().lower()
        if not person and (not agent or agent.startswith(LIBRARIES)):
            return block_page(403, "Attention Required! | Cloudflare")
        return None

    def edge_page(self) -> Response:
        """Error 1015, for about five minutes, without X-Ratelimit."""
        wait = {"Retry-After": str(ceil(self._settings["edge_block"]) or EDGE_SECONDS)}
        text = "error code: 1015. You are being rate limited and have been banned temporarily."
        if self._settings["edge_body"] == "text":
            return Response(text, 429, wait, content_type="text/plain; charset=utf-8")
        page = block_page(429, text)
        page.headers.extend(wait)
        return page

    def count_dead_token(self, exchange: Exchange, now: float) -> None:
        """Too many 401s within five minutes get the address banned (trakt-api#922)."""
        dead = self._dead_tokens.setdefault(exchange.address, Burst(self._settings["ban_after_401s"], SPAN_OF_401S))
        if not dead.allows(now):
            self._banned[exchange.address] = now + self._settings["edge_block"]

    def ask_bucket(self, exchange: Exchange, now: float, *, access: str, client_id: str) -> Response | None:
        """The API's refusal, by token or, without one, by app."""
        settings = self._settings
        name, limit, period = APP_BUCKET, settings["app_get_limit"], settings["get_period"]
        if exchange.request.method not in ("GET", "HEAD"):
            name, limit, period = POST_BUCKET, settings["post_limit"], settings["post_period"]
        elif access:
            name, limit = GET_BUCKET, settings["get_limit"]
        bucket = self._buckets.setdefault((name, access or client_id), Bucket(name, limit, period))
        wait = bucket.wait(now)
        return self.bucket_page(bucket, wait, now) if wait else None

    def bucket_page(self, bucket: Bucket, wait: float, now: float) -> Response:
        seconds = max(1, ceil(wait))
        text = f"{bucket.name} rate limit exceeded. Please wait {seconds} seconds then retry your request."
        limits = {
            "name": bucket.name,
            "period": int(bucket.period),
            "limit": bucket.limit,
            "remaining": 0,
            "until": iso(now + wait),
        }
        headers = {"Retry-After": str(seconds)}
        if self._settings["ratelimit_header"]:
            headers["X-Ratelimit"] = msgspec.json.encode(limits).decode()
        if self._settings["limit_body"] == "json":
            return Response(msgspec.json.encode({"error": text}), 429, headers, content_type=JSON)
        return Response(text, 429, headers, content_type="text/plain; charset=utf-8")
