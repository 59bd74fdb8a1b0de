"""A real browser on our pages. Chromium comes from the machine: CHROMIUM, or one of the usual names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.people import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""No sandbox: tests run as root in containers, on our own pages only. The rest keeps Chromium off the network."""

OpenBrowser = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def _no_service(no_service: None) -> None:
    """Unless a test starts the fakes."""


def find_chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip(
            "NO BROWSER TESTS: no Chromium found. Install it (Debian: apt-get install chromium) or set CHROMIUM to it."
        )
    # Playwright keeps an event loop in this thread, and Django would take every query here for an asynchronous one.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer) -> Iterator[OpenBrowser]:
    """visit(user=None, width=1280, scheme="light", javascript=True) → a Visitor. Fails the test for what its console
    complains of: a stopped script or style, a file that is missing."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def open_one(
        user: User | None = None, *, width: int = 1280, scheme: Any = "light", javascript: bool = True
    ) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=javascript,
            base_url=live_server.url,
        )
        context.set_default_timeout(10_000)
        visitor = Visitor(context.new_page(), base_url=live_server.url)
        opened.append((context, visitor))
        if user is not None:
            visitor.be(user)
        return visitor

    yield open_one
    for context, _ in opened:
        context.close()
    complaints = [line for _, visitor in opened for line in visitor.complaints]
    assert complaints == []
