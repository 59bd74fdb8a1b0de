"""One signed POST: to the address that was looked at, under the name that was asked for."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from typing import Any

import httpx
import pytest

from integrations.crypto import Secret
from notices.services import webhooks
from notices.services.webhooks import NotDelivered

URL = "https://hooks.example.org/enishi?who=alice"
PAYLOAD = {"id": "1", "event": "sync_failed", "text": "縁"}


def post(handler: object, *, url: str = URL) -> list[httpx.Request]:
    """What was sent. handler: a status, an exception, or how to answer."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if isinstance(handler, Exception):
            raise handler
        return handler if isinstance(handler, httpx.Response) else httpx.Response(int(str(handler)))

    transport = httpx.MockTransport(answer)
    webhooks.post(url, secret=Secret("s3cret"), payload=PAYLOAD, transport=transport, clock=lambda: 1_800_000_000.5)
    return sent


def test_it_goes_to_the_address_under_its_name_and_is_signed(names: dict[str, list[str]]) -> None:
    (request,) = post(204)
    assert str(request.url) == "https://93.184.215.14/enishi?who=alice"
    assert request.headers["host"] == "hooks.example.org"
    assert request.extensions["sni_hostname"] == "hooks.example.org"
    assert json.loads(request.content) == PAYLOAD
    expected = hmac.new(b"s3cret", b"1800000000." + request.content, hashlib.sha256).hexdigest()
    assert request.headers["enishi-signature"] == f"t=1800000000,v1={expected}"
    assert (request.headers["enishi-event"], request.headers["enishi-delivery"]) == ("sync_failed", "1")


@pytest.mark.parametrize(("status", "is_final"), [(301, False), (404, False), (410, True), (500, False)])
def test_anything_but_a_yes_is_no_delivery(names: dict[str, list[str]], status: int, is_final: bool) -> None:
    with pytest.raises(NotDelivered) as caught:
        post(status)
    assert (str(status) in caught.value.message, caught.value.is_final) == (True, is_final)


def test_no_redirect_is_followed(names: dict[str, list[str]]) -> None:
    with pytest.raises(NotDelivered):
        post(httpx.Response(302, headers={"location": "https://10.0.0.1/"}))


def test_a_dead_line_is_told_without_its_address(names: dict[str, list[str]]) -> None:
    with pytest.raises(NotDelivered) as caught:
        post(httpx.ConnectError("to 93.184.215.14"))
    assert "93.184" not in caught.value.message


def test_a_name_that_moved_into_a_private_network_is_not_asked(names: dict[str, list[str]]) -> None:
    names["hooks.example.org"] = ["127.0.0.1"]
    with pytest.raises(NotDelivered):
        post(200)


def test_an_answer_is_not_read(names: dict[str, list[str]]) -> None:
    read = 0

    def stream() -> object:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield b"x" * 4096

    assert len(post(httpx.Response(200, content=stream()))) == 1  # type: ignore[arg-type]
    assert read == 0


def test_who_answers_without_end_is_hung_up_on(settings: Any) -> None:
    settings.NOTICES_ALLOW_PRIVATE = True
    over = threading.Event()

    def drip() -> None:
        line, _ = server.accept()
        with line:
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            try:
                while not over.wait(0.02):
                    line.sendall(b"X-More: 1\r\n")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        try:
            with pytest.raises(NotDelivered):
                webhooks.post(url, secret=Secret("s3cret"), payload=PAYLOAD, seconds=0.5)
        finally:
            over.set()
            thread.join(10)


def test_what_is_delivered_over_a_real_line(settings: Any) -> None:
    settings.NOTICES_ALLOW_PRIVATE = True
    heard: list[bytes] = []

    def answer() -> None:
        line, _ = server.accept()
        with line:
            heard.append(line.recv(4096))
            line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        webhooks.post(f"http://127.0.0.1:{server.getsockname()[1]}/a", secret=Secret("s3cret"), payload=PAYLOAD)
        thread.join(10)
    assert heard[0].startswith(b"POST /a HTTP/1.1\r\n")
