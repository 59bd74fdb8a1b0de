"""Second factors, access keys and the documents of the API in a real browser, under the content policy of the pages."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from pytest_django.fixtures import Settings

from accounts.models import AccessKey, User
from tests.api.test_ways_in import code_now
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Visitor
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def confirmed(alice: User, settings: Settings, live_server: Any) -> User:
    settings.SITE_URL = live_server.url
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def open_confirmed(visitor: Visitor, path: str) -> None:
    """Gives the password where it is asked for."""
    visitor.page.goto(path)
    if visitor.button("Go on").count():
        visitor.page.locator("[name=password]").fill(PASSWORD)
        visitor.press("Go on")


def test_an_app_is_set_up_and_asked_for(confirmed: User, visit: OpenBrowser) -> None:
    visitor = visit(confirmed, width=390)
    open_confirmed(visitor, "/accounts/2fa/totp/activate/")
    secret = visitor.page.locator("#authenticator_secret").inner_text()
    visitor.page.locator("[name=code]").fill(code_now(secret))
    visitor.press("Use it from now on")
    visitor.says("10 of 10 are left")
    codes = visitor.page.locator("#recovery_codes").inner_text().split()
    visitor.sign_out()
    visitor.sign_in(confirmed.email, PASSWORD)
    visitor.says("Please type in the code that your authenticator app shows")
    visitor.page.locator("#id_code").fill(codes[0])
    visitor.press("Sign in")
    visitor.page.goto("/accounts/2fa/")
    visitor.says("9 left")


def add_virtual_key(visitor: Visitor) -> None:
    """A key that lives in this browser and always says yes."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_signs_in_without_a_password(confirmed: User, visit: OpenBrowser) -> None:
    visitor = visit(confirmed)
    add_virtual_key(visitor)
    open_confirmed(visitor, "/accounts/2fa/webauthn/add/")
    visitor.page.locator("[name=name]").fill("This laptop")
    visitor.page.locator("[name=passwordless]").check()
    visitor.press("Add it")
    visitor.says("10 of 10 are left")
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    visitor.sign_out()
    visitor.page.goto("/accounts/login/")
    visitor.press("Use a passkey")
    visitor.page.wait_for_url(visitor.base_url + "/")
    visitor.page.goto("/account/")
    visitor.says(confirmed.email)


def test_a_key_is_made_copied_and_revoked(confirmed: User, visit: OpenBrowser) -> None:
    visitor = visit(confirmed, width=390)
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.goto("/account/keys/")
    visitor.page.locator("[name=name]").fill("Home server")
    visitor.press("Make it")
    visitor.page.locator("[name=password]").fill(PASSWORD)
    visitor.press("Go on")
    visitor.says("it is not shown again")
    visitor.press("Copy the key")
    assert visitor.page.evaluate("navigator.clipboard.readText()").startswith(AccessKey.objects.get().prefix)
    visitor.press("Revoke Home server")
    visitor.says("The key is revoked.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_sticks_out(width: int, scheme: str, confirmed: User, visit: OpenBrowser) -> None:
    visitor = visit(confirmed, width=width, scheme=scheme)
    open_confirmed(visitor, "/accounts/2fa/totp/activate/")
    for path in ("/account/keys/", "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
        answer = visitor.page.goto(path)
        assert answer is not None
        assert answer.status == 200
        over = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} at {width}px sticks out by {over}px"
        assert visitor.page.locator("h1").count() == 1, path


def test_the_documents_show_and_try_out(confirmed: User, visit: OpenBrowser) -> None:
    """Complaints of the console, such as a stopped style or script, fail the test (`visit`)."""
    visitor = visit(confirmed)
    # The bundle is large, and the schema takes seconds the first time.
    visitor.page.set_default_timeout(60_000)
    visitor.page.goto("/api/v1/docs")
    visitor.page.get_by_text("Who is signed in").click()
    visitor.page.get_by_role("button", name="Try it out").click()
    visitor.page.get_by_role("button", name="Execute", exact=True).click()
    visitor.page.get_by_text('"email": "alice@example.org"').first.wait_for()
