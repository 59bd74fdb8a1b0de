"""What a person does on our pages, by the words they see. The whole-way tests are written with these."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import ConsoleMessage, Locator, Page

from accounts.models import User


class Visitor:
    """One person with one browser window.

    complaints: errors on the console: stopped scripts and styles, missing files, answers of 400 and above.
    """

    def __init__(self, page: Page, *, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # What happens at a service is not ours: the sandbox has no icon, for one.
        if message.type == "error" and message.location["url"].startswith(self.base_url):
            self.complaints.append(message.text)

    # Who ---------------------------------------------------------------------------------------------------

    def be(self, user: User) -> None:
        """Signed in, without the form."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        cookie: Any = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": self.base_url}
        self.page.context.add_cookies([cookie])

    def sign_up(self, email: str, password: str) -> None:
        self.page.goto("/accounts/signup/")
        self.page.locator("[name=email]").fill(email)
        for name in ("password1", "password2"):
            if self.page.locator(f"[name={name}]").count():
                self.page.locator(f"[name={name}]").fill(password)
        self.press("Sign up")

    def follow_mail(self, body: str, site_url: str) -> None:
        """Opens the link in a mail of ours and presses its button."""
        found = re.search(rf"{re.escape(site_url)}(/accounts/\S+)", body)
        assert found is not None, "no link of ours in the mail"
        self.page.goto(found[1])
        if self.button("Yes, confirm it").count():
            self.press("Yes, confirm it")

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(password)
        self.press("Sign in")

    def sign_out(self) -> None:
        self.page.goto("/account/")
        self.press("Sign out")

    # Pages -------------------------------------------------------------------------------------------------

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def button(self, words: str) -> Locator:
        return self.main.get_by_role("button", name=words, exact=True)

    def press(self, words: str) -> None:
        self.button(words).first.click()
        self.page.wait_for_load_state()

    def open(self, words: str) -> None:
        """Follows a link of the page or the navigation."""
        self.page.get_by_role("link", name=words, exact=True).first.click()
        self.page.wait_for_load_state()

    def says(self, words: str, *, seconds: float = 10) -> None:
        """Waits until the page shows these words; live parts come by themselves."""
        self.page.get_by_text(words).first.wait_for(timeout=seconds * 1000)

    def card(self, service: str) -> Locator:
        """The card of one service on the home page."""
        return self.main.locator("section.card").filter(has=self.page.get_by_role("heading", name=service, exact=True))

    # Services ----------------------------------------------------------------------------------------------

    def link(self, service: str) -> None:
        """From the home page to the service's authorize page. There the sandbox's page takes over."""
        self.page.goto("/")
        self.press(f"Link {service}")

    def look_at_preview(self, *, seconds: float = 30) -> None:
        """Waits on the home page for the preview to be ready, and opens it."""
        self.page.goto("/")
        self.main.get_by_role("link", name="Look at the preview").first.wait_for(timeout=seconds * 1000)
        self.open("Look at the preview")

    def approve(self) -> None:
        self.press("Approve and sync")

    def sync_now(self, service: str) -> None:
        self.page.goto("/")
        self.card(service).get_by_role("button", name="Sync now").click()
        self.page.wait_for_load_state()

    # Library -----------------------------------------------------------------------------------------------

    def edit(self, title: str, **values: str) -> None:
        """Finds one title in the library and changes fields of it, by their form names."""
        self.page.goto("/library/")
        self.page.get_by_role("searchbox").fill(title)
        self.press("Show")
        self.open(title)
        for name, value in values.items():
            field = self.page.locator(f"[name={name}]")
            if field.evaluate("element => element.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.press("Save")
