"""The way of a new person through the real pages, by HTTP, as a browser would go it.

    sign in → connect AniList → see the preview → approve → the same with each other service → rest → once more

Runs as a process of its own beside the service; it looks into the database only to know when to look at a page again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from syncing.models import Baseline, Review, RunState, Schedule, SyncRun

PATIENCE = 240.0
"""Seconds for one step: the services' limits make a first sync take most of a minute."""
T = TypeVar("T")
BUSY = (RunState.RUNNING, RunState.QUEUED)
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class DemoFailed(Exception):
    """The walk could not go on; the message says where and why."""


class Walker:
    """A person with a browser. `say` tells whoever watches what happens."""

    def __init__(self, site: str, *, say: Callable[[str], None]) -> None:
        self.site = site
        self.say = say
        self.browser = httpx.Client(follow_redirects=False, timeout=30, trust_env=False)

    def sign_in(self, email: str, password: str) -> None:
        self._post(f"{self.site}/accounts/login/", "/accounts/login/", {"login": email, "password": password})
        if self.browser.get(f"{self.site}/connections/").status_code != 200:
            raise DemoFailed("signing in did not work")

    def connect(self, slug: str, account: str) -> None:
        """To the service's authorize page, Approve, and back."""
        answer = self._post(f"{self.site}/connections/{slug}/connect/", "/connections/")
        page = answer.headers.get("location", "")
        if urlsplit(page).path.startswith("/connections"):
            raise DemoFailed(f"connecting {slug} was refused")
        if self.browser.get(page).status_code != 200:
            raise DemoFailed(f"{slug} shows no authorize page")
        back = self.browser.post(page, data={"account": account, "decision": "approve"}).headers.get("location", "")
        done = self.browser.get(back)
        if done.status_code != 303:
            raise DemoFailed(f"the way back from {slug} ended with {done.status_code}")

    def sign_in_at(self, slug: str, account: str, password: str) -> None:
        """By name and password, where a service has no page of its own for that."""
        page = f"/connections/{slug}/"
        self._post(f"{self.site}{page}sign-in/", page, {"username": account, "password": password})

    def approve_first_plan(self, user: User, slug: str) -> SyncRun:
        """Wait for the preview, open its page, press the button. Returns the preview."""
        review = wait_for(f"the preview of {slug}", lambda: _open_question(user, slug))
        assert review.run is not None
        path = f"/runs/{review.run.pk}/"
        if self.browser.get(f"{self.site}{path}").status_code != 200:
            raise DemoFailed(f"the preview of {slug} cannot be opened")
        self._post(f"{self.site}/reviews/{review.pk}/", path, {"choice": "approve"})
        return review.run

    def sync_now(self, slug: str) -> None:
        self._post(f"{self.site}/connections/{slug}/sync/", f"/connections/{slug}/")

    def _post(self, url: str, page: str, data: dict[str, str] | None = None) -> httpx.Response:
        """A form of `page` is sent, with its token."""
        form = self.browser.get(f"{self.site}{page}")
        token = _CSRF.search(form.text)
        if token is None:
            raise DemoFailed(f"{page} shows no form ({form.status_code})")
        # Django checks the Referer only behind TLS; sent as a browser does.
        headers = {"Referer": f"{self.site}{page}", "Origin": self.site}
        answer = self.browser.post(url, data={"csrfmiddlewaretoken": token[1], **(data or {})}, headers=headers)
        if answer.status_code not in (302, 303):
            raise DemoFailed(f"{urlsplit(url).path} answered {answer.status_code}")
        return answer


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise DemoFailed(f"{what} did not come within {PATIENCE:.0f} seconds")


def _open_question(user: User, slug: str) -> Review | None:
    rows = Review.objects.filter(user=user, connection__provider=slug, topic="first_plan", state="open")
    return rows.select_related("run").first()


def wait_for_rest(user: User) -> None:
    """Until no connection is at work, due within the minute, or has anything left to do."""
    wait_for("rest", lambda: is_at_rest(user))


def is_at_rest(user: User) -> bool:
    soon = timezone.now() + timedelta(seconds=90)
    rows = Schedule.objects.filter(user=user)
    if rows.exclude(lease_until=None).exists() or rows.filter(is_on=True, due_at__lt=soon).exists():
        return False
    if SyncRun.objects.filter(user=user, state__in=BUSY).exists():
        return False
    return not Baseline.objects.filter(user=user, digest="").exists()


def trouble_of(user: User) -> list[str]:
    """What the pages would tell the person to care about."""
    told = [f"{row.provider}: {row.message}" for row in Connection.objects.filter(user=user).exclude(message="")]
    runs = SyncRun.objects.filter(user=user).exclude(error_code__in=("", "rate_limited"))
    return told + [f"{run.provider}: {run.error_code}: {run.message}" for run in runs]
