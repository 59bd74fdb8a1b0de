"""The TMDB side of the control API: keys and works, no people. `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.grants import HEX, App
from integrations.sandbox.screen import Screen
from integrations.sandbox.screen_changes import change_screen
from integrations.sandbox.shapes import NewApp
from integrations.sandbox.shows import facts_of, real_facts
from integrations.sandbox.visitors import WithoutAccounts


class ControlledTmdb(WithoutAccounts):
    """An app's `client_id` is the v3 key, its `client_secret` the v4 read access token."""

    slug = "tmdb"
    _screen: Screen | None = None

    @property
    def screen(self) -> Screen:
        """Its own, because Trakt's tables lag behind TMDB's at times (seerr#1684)."""
        if self._screen is None:
            self._screen = Screen([*real_facts(), *facts_of(load_works())])
        return self._screen

    def reset_store(self) -> None:
        if self._screen is not None and self._screen.changed:
            self._screen = None

    def add_app(self, data: NewApp) -> App:
        """Needs no redirect address."""
        return App(
            data.client_id or self.grants.word(32, HEX), data.client_secret or self.grants.word(211), (), data.name
        )

    def add_works(self, works: Iterable[Work]) -> None:
        for facts in facts_of(works):
            self.screen.add(facts)

    def change_work(self, data: Mapping[str, Any]) -> None:
        change_screen(self.screen, data, id_name="tmdb")
