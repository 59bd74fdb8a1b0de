"""The page of a device code in a real browser: copied by a button, ended by itself, readable without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models import DeviceLink
from tests.browser.conftest import OpenBrowser
from tests.web import rows

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/connections/trakt/code/"


@pytest.fixture
def link(alice: User) -> DeviceLink:
    now = timezone.now()
    url = "https://auth.trakt.tv/activate"
    times = {"next_poll_at": now, "expires_at": now + timedelta(minutes=10)}
    return DeviceLink.objects.create(user=alice, provider="trakt", user_code="5A9D0F2C", verification_url=url, **times)


def test_a_code_is_copied_and_its_end_shows_by_itself(alice: User, link: DeviceLink, visit: OpenBrowser) -> None:
    visitor = visit(alice, width=390)
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.goto(PATH)
    visitor.press("Copy the code")
    visitor.says("Copied")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == "5A9D0F2C"
    # The button still has the focus, and the page moves on all the same.
    rows.make_connection(alice, "trakt")
    DeviceLink.objects.update(state="linked")
    visitor.says("Trakt is linked as alice.")
    assert visitor.page.locator("[data-live]").count() == 0


def test_without_javascript_one_looks_again(alice: User, link: DeviceLink, visit: OpenBrowser) -> None:
    visitor = visit(alice, javascript=False)
    visitor.page.goto(PATH)
    assert visitor.page.locator("#copy").is_hidden()
    DeviceLink.objects.update(state="refused", message="Access was refused there.")
    visitor.open("Look again")
    visitor.says("Access was refused there.")
    assert visitor.button("Get a new code").count() == 1
