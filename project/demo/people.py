"""The demo's person here, and their accounts with lists at the imitated services."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.models import User
from project.demo.lists import CUSTOM_LISTS, make_lists
from project.demo.walk import DemoFailed, wait_for

EMAIL = "hanako@example.org"
ACCOUNTS = {"anilist": "hanako", "myanimelist": "hanako_mal"}


def make_person(password: str) -> User:
    """A fresh person: in a database that was given by URL an earlier demo's one is taken out first."""
    User.objects.filter(email=EMAIL).delete()
    user = User.objects.create_user(EMAIL, password, timezone="Asia/Tokyo")
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    return user


def fill_sandbox(accounts: Mapping[str, str], *, unpaced: bool = False) -> None:
    """Our apps, and the person's accounts with their lists. unpaced: without limits. Raises DemoFailed."""
    sandbox = settings.SANDBOX_URL
    lists = make_lists()
    wait_for("the sandbox", lambda: _answers(sandbox))
    if unpaced:
        _post(sandbox, "anilist/settings", {"rate_limit": 0, "burst_limit": 0})
        _post(sandbox, "myanimelist/settings", {"shield_rate": 0})
    for slug in accounts:
        client_id, secret = settings.PROVIDER_APPS[slug]
        uris = settings.OAUTH_REDIRECT_URIS[slug]
        app = {
            "client_id": client_id,
            "client_secret": secret,
            "redirect_uris": uris,
            "name": f"Enishi on {settings.SITE_URL}",
        }
        _post(sandbox, f"{slug}/apps", app)
    custom = {"score_format": "POINT_10_DECIMAL", "anime_custom_lists": CUSTOM_LISTS}
    _post(sandbox, "anilist/accounts", {"name": accounts["anilist"], "settings": custom, "entries": lists.anilist})
    _post(sandbox, "myanimelist/accounts", {"name": accounts["myanimelist"], "entries": lists.myanimelist})


def _answers(sandbox: str) -> bool:
    try:
        return httpx.get(f"{sandbox}/_control/", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _post(sandbox: str, path: str, data: Mapping[str, object]) -> None:
    answer = httpx.post(f"{sandbox}/_control/{path}", json=data, timeout=30, trust_env=False)
    if answer.is_error:
        raise DemoFailed(f"the sandbox refused {path}: {answer.text[:300]}")
