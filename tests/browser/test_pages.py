"""The pages in a real browser: they fit, they obey their own policy, they work by keyboard and without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from pytest_django.fixtures import Settings

from accounts.models import User
from library.models import ListEntry
from syncing.models import SyncRun
from tests.browser.conftest import OpenBrowser
from tests.conftest import PASSWORD
from tests.web import rows
from tests.web.test_access import PAGES, urls_of

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Itsudatte Bokura no Koi wa 10 cm Datta: " + "Unbreakable" * 12


def make_full(user: User) -> dict[str, Any]:
    """One of everything, with long words where a service may send them."""
    made = rows.make_all(user)
    media = rows.make_media(LONG)
    rows.make_entry(user, media)
    run = made["run"]
    rows.make_change(run, media, reason="conflict_newest", before={"notes": ""}, after={"notes": LONG})
    rows.make_review(run, "conflict", key="2", media=media, summary={"field": "notes", "library": LONG, "provider": ""})
    rows.make_connection(user, "myanimelist", account_name="x" * 80, message=LONG, state="needs_login")
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out(width: int, scheme: str, alice: User, visit: OpenBrowser) -> None:
    urls = urls_of(make_full(alice))
    alices = visit(alice, width=width, scheme=scheme)
    strangers = visit(width=width, scheme=scheme)
    paths = [(alices, urls[name]) for name in PAGES]
    paths += [(strangers, path) for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")]
    paths += [(alices, path) for path in ("/accounts/email/", "/accounts/password/change/")]
    for visitor, path in paths:
        answer = visitor.page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        over = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} at {width}px sticks out by {over}px"


def test_every_control_has_a_name(alice: User, visit: OpenBrowser) -> None:
    visitor = visit(alice)
    unnamed = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
        .filter(one => !one.labels.length && !one.getAttribute("aria-label")).map(one => one.name)"""
    for name, path in urls_of(make_full(alice)).items():
        if name in PAGES:
            visitor.page.goto(path)
            assert visitor.page.evaluate(unnamed) == [], path
            assert visitor.page.locator("h1").count() == 1, path


def test_the_keyboard_reaches_the_page_first(alice: User, visit: OpenBrowser) -> None:
    visitor = visit(alice)
    visitor.page.goto("/library/")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.textContent") == "Skip to the page"
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.name") == "text"


def test_from_sign_up_to_the_first_step(visit: OpenBrowser, settings: Settings) -> None:
    settings.SITE_URL = "https://enishi.example"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    visitor = visit()
    visitor.sign_up("dora@example.org", PASSWORD)
    visitor.says("Look into your mail")
    visitor.follow_mail(str(mail.outbox[0].body), settings.SITE_URL)
    visitor.sign_in("dora@example.org", PASSWORD)
    visitor.says("Welcome to Enishi")
    assert visitor.button("Link AniList").count() == 1
    visitor.sign_out()
    visitor.says("Your anime and manga lists, the same everywhere")


def test_without_javascript_everything_still_works(alice: User, visit: OpenBrowser) -> None:
    rows.make_entry(alice, rows.make_media("Mushishi"))
    visitor = visit(alice, javascript=False)
    visitor.edit("Mushishi", score="95", status="completed")
    visitor.says("Saved.")
    after = ListEntry.objects.get()
    assert (after.score, after.status, after.progress) == (95, "completed", 4)


def test_a_run_at_work_shows_its_end_by_itself(alice: User, visit: OpenBrowser) -> None:
    run = rows.make_run(rows.make_connection(alice), state="running", finished_at=None)
    visitor = visit(alice)
    visitor.page.goto(f"/runs/{run.pk}/")
    visitor.says("Running")
    SyncRun.objects.update(state="done", writes=3)
    visitor.says("Done")
    visitor.says("3 changes on AniList")
    assert visitor.page.locator("[data-live]").count() == 0


def test_a_preview_is_approved_where_it_is_read(alice: User, visit: OpenBrowser) -> None:
    connection = rows.make_connection(alice, approved_at=None, last_synced_at=None)
    run = rows.make_run(connection, state="preview", purpose="preview")
    rows.make_change(run, state="planned", reason="conflict_newest")
    rows.make_review(run)
    visitor = visit(alice, width=390)
    visitor.look_at_preview()
    visitor.says("AniList says 80/100 (8/10), your library says 70/100 (7/10)")
    visitor.approve()
    visitor.says("Approved. AniList is being synced now.")
    connection.refresh_from_db()
    assert connection.approved_at is not None
