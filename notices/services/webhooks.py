"""One signed POST to an address that a person gave.

Enishi-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>" with the channel's secret>. Who receives it
computes the same, compares in constant time and refuses a t that is older than a few minutes. docs/notifications.md
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
from django.conf import settings

from integrations.crypto import Secret
from notices.services.addresses import AddressRefused, find_target

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 10.0


class NotDelivered(Exception):
    """message: for the person. is_final: another try would be no better."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.message, self.is_final = message, is_final


def post(
    url: str,
    *,
    secret: Secret,
    payload: dict[str, Any],
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], float] = time.time,
    seconds: float = WHOLE_SECONDS,
) -> None:
    """Raises NotDelivered. 2xx is delivered, and nobody reads what comes with it; 410 is final: it asks us to stop."""
    try:
        target = find_target(url)
    except AddressRefused as error:
        raise NotDelivered(str(error), is_final=False) from error
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    parts = urlsplit(url)
    named = f"[{target.ip}]" if ":" in target.ip else target.ip
    # To the address that was looked at, under the name that was asked for.
    where = urlunsplit(parts._replace(netloc=f"{named}:{target.port}"))
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": settings.USER_AGENT,
        "Enishi-Event": str(payload["event"]),
        "Enishi-Delivery": str(payload["id"]),
        "Enishi-Signature": sign(body, secret=secret, at=int(clock())),
    }
    timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    try:
        with (
            _Watch(seconds) as watch,
            httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False, transport=transport) as client,
            client.stream(
                "POST",
                where,
                content=body,
                headers=headers,
                extensions={"sni_hostname": target.host, "trace": watch},
            ) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise NotDelivered(f"The address did not answer ({type(error).__name__}).") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"The address answered {status}.", is_final=status == 410)


class _Watch:
    """Hangs up when the time is over. A limit of httpx is for each piece, and one may come for ever in small pieces."""

    def __init__(self, seconds: float) -> None:
        self._line: socket.socket | None = None
        self._is_over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """httpcore tells each step; the socket changes when it is wrapped."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._line = info["return_value"].get_extra_info("socket")
            if self._is_over:
                self._hang_up()

    def _end(self) -> None:
        self._is_over = True
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                # Not SSLSocket's own, which changes what another thread is reading from.
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)


def sign(body: bytes, *, secret: Secret, at: int) -> str:
    digest = hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
