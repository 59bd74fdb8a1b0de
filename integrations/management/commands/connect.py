"""Link one person's account at a service, from a terminal.

By the service's page (prints the address and waits), by a code to type in there, by name and password, or by a token:
whichever the service has, in this order, unless --way says another. Passwords and tokens are asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from getpass import getpass
from time import sleep
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.person import PersonCommand
from accounts.models import User
from integrations import queries
from integrations.models import Connection, DeviceState, LinkAttempt
from integrations.services import devices, linking_from_apps, pasting, polling, providers, signing_in
from integrations.services.callbacks import hash_secret
from integrations.services.refusals import LinkError

WAYS = ("code", "device", "password", "token")
EVERY = 2.0
"""Seconds between two looks whether the person has said yes."""


class Command(PersonCommand):
    help = __doc__ or ""
    examples = (
        "connect --user mei@example.org --provider anilist",
        "connect --user mei@example.org --provider mal --paste",
        "connect --user mei@example.org --provider trakt --way device",
        "connect --user mei@example.org --provider kitsu --username mei",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--provider", required=True, help="anilist, myanimelist (mal), kitsu or trakt")
        parser.add_argument("--way", choices=WAYS, help="how, where a service knows several")
        parser.add_argument("--username", help="with a password: the name at the service; asked for by default")
        parser.add_argument(
            "--paste", action="store_true", help="read the address that the browser was sent to, instead of waiting"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json, self.options = options["json"], options
        user = self.person(options["user"])
        try:
            service = providers.provider_for(options["provider"])
            way = options["way"] or next((way for way in WAYS if way in service.oauth.grants), "code")
            ways: dict[str, Callable[[User, str], Connection]] = {
                "code": self._by_page,
                "device": self._by_code,
                "password": self._by_password,
                "token": self._by_token,
            }
            connection = ways[way](user, service.slug)
        except LinkError as error:
            raise CommandError(error.message) from error
        self._say(
            f"{service.name} is linked as {connection.account_name}.",
            connected=True,
            provider=service.slug,
            username=connection.account_name,
        )

    def _by_page(self, user: User, slug: str) -> Connection:
        begun = linking_from_apps.start_link_from_app(user, provider=slug)
        self._say(
            f"Open this address and say yes:\n{begun.url}", url=begun.url, expires_at=begun.expires_at.isoformat()
        )
        if self.options["paste"]:
            code, state = _read_back(self._ask("The address that you were sent to: "))
            return linking_from_apps.finish_link_from_app(user, provider=slug, code=code, state=state)
        self._say("Waiting. The browser must be signed in here as the same person.")
        rows = LinkAttempt.objects.filter(user=user, state_hash=hash_secret(begun.state))
        while timezone.now() < begun.expires_at:
            attempt = rows.first()
            row = queries.connections_for_user(user).filter(provider=slug, linked_at__gt=begun.begun_at).first()
            if row is not None:
                return row
            if attempt is None:
                break
            sleep(EVERY)
        raise CommandError("Nobody said yes in time. Start again, or use --paste where the web does not run.")

    def _by_code(self, user: User, slug: str) -> Connection:
        link = devices.start_device_link(user, provider=slug)
        url = devices.page_of(link)
        self._say(f"Open {url} and type in: {link.user_code}", url=url, user_code=link.user_code)
        while link.state == DeviceState.PENDING:
            sleep(max(0.0, (link.next_poll_at - timezone.now()).total_seconds()) + 0.2)
            # A worker may do it as well; one of the two asks.
            polling.poll_device_link(link.pk)
            link.refresh_from_db()
        if link.state != DeviceState.LINKED:
            raise CommandError(link.message or "The code was not used in time. Start again.")
        return queries.connection_for_user(user, slug)

    def _by_password(self, user: User, slug: str) -> Connection:
        name = self.options["username"] or self._ask("Name or e-mail at the service: ")
        return signing_in.link_with_password(
            user, provider=slug, username=name, password=self._ask_hidden("Password: ")
        )

    def _by_token(self, user: User, slug: str) -> Connection:
        return pasting.paste_token(user, provider=slug, token=self._ask_hidden("Token: "))

    def _say(self, text: str, **values: Any) -> None:
        """For people a sentence; for programs only what has values."""
        if not self.as_json:
            self.stdout.write(text)
        elif values:
            self.stdout.write(json.dumps(values))
        self.stdout.flush()

    def _ask(self, prompt: str) -> str:
        if sys.stdin.isatty():
            return input(prompt)
        return sys.stdin.readline().rstrip("\n")

    def _ask_hidden(self, prompt: str) -> str:
        """Not shown while it is typed; from a pipe, one line."""
        return getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _read_back(text: str) -> tuple[str, str]:
    """(code, state) of an address like https://…/callback?code=…&state=…"""
    found = parse_qs(urlsplit(text.strip()).query)
    if len(found.get("code", [])) != 1 or len(found.get("state", [])) != 1:
        raise CommandError("This address holds no code. Copy the whole of it from the browser.")
    return found["code"][0], found["state"][0]
