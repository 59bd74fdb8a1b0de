"""Something new for the list, in a real browser: searched, added, and there."""

from __future__ import annotations

import pytest

from accounts.models import User
from integrations.sandbox.server import Running
from library.models import ListEntry
from tests.browser.conftest import OpenBrowser
from tests.integrations.test_browsing import sandbox, server

__all__ = ["sandbox", "server"]

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Itsudatte Bokura no Koi wa 10 cm Datta: " + "Unbreakable" * 12


def test_from_the_library_to_a_new_title_on_it(alice: User, visit: OpenBrowser, sandbox: Running) -> None:
    visitor = visit(alice)
    page = visitor.page
    page.goto("/library/")
    page.get_by_role("link", name="Add a title").first.click()
    page.get_by_role("searchbox", name="Title").fill("cowboy bebop")
    page.keyboard.press("Enter")
    page.get_by_label("Status of Cowboy Bebop", exact=True).select_option("completed")
    page.locator("li").filter(has=page.get_by_label("Status of Cowboy Bebop", exact=True)).get_by_role("button").click()
    visitor.says("is in your library")
    entry = ListEntry.objects.get(user=alice)
    assert (entry.status, entry.progress) == ("completed", 26)
    page.get_by_role("link", name="On your list").click()
    assert page.locator("h1").inner_text() == "Cowboy Bebop"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_what_a_service_says_does_not_stick_out(
    width: int,
    scheme: str,
    alice: User,
    visit: OpenBrowser,
    sandbox: Running,
) -> None:
    work = {"kind": "anime", "id": 900_001, "title": LONG, "synopsis": LONG * 3}
    sandbox.control("POST", "kitsu/works", {"works": [work]})
    visitor = visit(alice, width=width, scheme=scheme)
    for address in ("/library/add/?text=itsudatte", "/library/add/"):
        visitor.page.goto(address)
        assert visitor.page.locator(".candidate").count() > 0
        over = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{address} at {width}px sticks out by {over}px"
