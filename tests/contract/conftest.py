from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from integrations.sandbox.server import Running, serve
from tests.contract.stage import connect


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with serve() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def wire() -> Iterator[httpx.Client]:
    with connect() as client:
        yield client
