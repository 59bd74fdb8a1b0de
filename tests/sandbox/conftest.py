from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.sandbox.server import Running, serve
from tests.sandbox.asking import AniList, MyAnimeList
from tests.sandbox.trakt_asking import Trakt

AT = 1_700_000_000
"""2023-11-14T22:13:20Z: where the sandbox's clock stands in these tests."""


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def sandbox(server: Running) -> Running:
    server.control("POST", "reset")
    server.control("POST", "clock", {"freeze": True, "set": AT})
    return server


@pytest.fixture
def anilist(sandbox: Running) -> Iterator[AniList]:
    with AniList(sandbox) as client:
        yield client


@pytest.fixture
def mal(sandbox: Running) -> Iterator[MyAnimeList]:
    with MyAnimeList(sandbox) as client:
        yield client


@pytest.fixture
def trakt(sandbox: Running) -> Iterator[Trakt]:
    with Trakt(sandbox) as client:
        yield client
