from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from notices.models import Channel
from notices.services.channels import add_channel

HOOK = "https://hooks.example.org/enishi"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to: {host: addresses}; every other leads nowhere."""
    table = {"hooks.example.org": ["93.184.215.14"]}

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host not in table:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in table[host]]

    monkeypatch.setattr("notices.services.addresses.socket.getaddrinfo", look_up)
    return table


Hook = Callable[..., tuple[Channel, str]]


@pytest.fixture
def hook(alice: User) -> Hook:
    """A webhook of alice's, told of the events."""

    def make(*events: str, **values: Any) -> tuple[Channel, str]:
        return add_channel(alice, way="webhook", address=HOOK, events=events, **values)

    return make
