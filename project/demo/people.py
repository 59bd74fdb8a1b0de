"""The demo's person here, and their accounts with lists at the imitated services."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.models import User
from integrations.providers import registry
from project.demo.lists import make_lists
from project.demo.walk import DemoFailed, wait_for
from project.demo.words import CUSTOM_LISTS

EMAIL = "hanako@example.org"
ACCOUNTS = {"anilist": "hanako", "myanimelist": "hanako_mal", "kitsu": "hanako-k", "trakt": "hanako-t"}
KITSU_PASSWORD = "sandbox"  # noqa: S105 every account of the sandbox has it
UNPACED: Mapping[str, Mapping[str, object]] = {
    "anilist": {"rate_limit": 0, "burst_limit": 0},
    "myanimelist": {"shield_rate": 0},
    "trakt": {"post_limit": 0, "get_limit": 0, "app_get_limit": 0, "edge_rate": 0.0},
}


SETTINGS: Mapping[str, Mapping[str, object]] = {
    "anilist": {"score_format": "POINT_10_DECIMAL", "anime_custom_lists": CUSTOM_LISTS},
    "kitsu": {"sfw_filter": False},
}


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
        for slug, limits in UNPACED.items():
            _post(sandbox, f"{slug}/settings", limits)
    for slug, name in accounts.items():
        if "code" in registry.get(slug).oauth.grants:
            _post(sandbox, f"{slug}/apps", _our_app(slug))
        more = {"settings": SETTINGS[slug]} if slug in SETTINGS else {}
        _post(sandbox, f"{slug}/accounts", {"name": name, "entries": lists.of(slug), **more})


def _our_app(slug: str) -> dict[str, object]:
    client_id, secret = settings.PROVIDER_APPS[slug]
    return {
        "client_id": client_id,
        "client_secret": secret,
        "redirect_uris": settings.OAUTH_REDIRECT_URIS[slug],
        "name": f"Enishi on {settings.SITE_URL}",
    }


def _answers(sandbox: str) -> bool:
    try:
        return httpx.get(f"{sandbox}/_control/", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _post(sandbox: str, path: str, data: Mapping[str, object]) -> None:
    answer = httpx.post(f"{sandbox}/_control/{path}", json=data, timeout=30, trust_env=False)
    if answer.is_error:
        raise DemoFailed(f"the sandbox refused {path}: {answer.text[:300]}")
