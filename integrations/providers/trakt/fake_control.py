"""The Trakt side of the control API: people, their lists and the works in Trakt's own words. `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integrations.providers.trakt import fake_device, fake_history, fake_marks, fake_oauth
from integrations.providers.trakt.fake_history import Written, play_json
from integrations.providers.trakt.fake_json import Refused, target_json
from integrations.providers.trakt.fake_limits import Gate
from integrations.providers.trakt.fake_store import SECTIONS, Account, Store
from integrations.sandbox.base import Fake
from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.grants import HEX, App
from integrations.sandbox.screen import Screen, iso
from integrations.sandbox.screen_changes import change_screen
from integrations.sandbox.shapes import ControlError, Edit, NewAccount, NewApp, change_attributes
from integrations.sandbox.shows import facts_of, real_facts

SETTINGS = {name: name for name in ("vip", "locked", "deactivated", "private", "timezone", "watch_only_once")}
LISTS = ("history", "ratings", "watchlist", *SECTIONS)
Body = Mapping[str, Any]


def build_screen() -> Screen:
    """Every show and film of the catalogue. Only the real ones have number_abs, which Trakt often lacks."""
    screen = Screen(())
    for facts in real_facts():
        screen.add(facts, absolute=True)
    for facts in facts_of(load_works()):
        screen.add(facts)
    screen.changed = False
    return screen


class ControlledTrakt(Fake):
    """What the control API asks of the Trakt fake, and what its parts share.

    devices: by device code. renewed: a spent refresh token → the one that came for it.
    """

    slug = "trakt"
    gate: Gate
    devices: dict[str, fake_device.Device]
    renewed: dict[str, str]
    _store: Store | None
    _screen: Screen | None = None

    @property
    def store(self) -> Store:
        """Made when it is first needed, because most tests of the sandbox never ask Trakt."""
        if self._store is None:
            if self._screen is None or self._screen.changed:
                self._screen = build_screen()
            self._store = Store(self._screen, self.clock)
        return self._store

    def begin_write(self, account: Account) -> None:
        """Before a change: for some seconds reads may show what was so till now (trakt-api#773)."""
        if self.settings["stale_seconds"]:
            account.remember(self.clock.now() + self.settings["stale_seconds"])

    def add_app(self, data: NewApp) -> App:
        ids = (data.client_id or self.grants.word(64, HEX), data.client_secret or self.grants.word(64, HEX))
        return App(*ids, data.all_uris(), data.name)

    def add_works(self, works: Iterable[Work]) -> None:
        """Anime only: Trakt has no manga."""
        for facts in facts_of(works):
            self.store.screen.add(facts)

    def change_work(self, data: Body) -> None:
        change_screen(self.store.screen, data, id_name="trakt")
        self.store.forget_gone()

    def account_names(self) -> list[str]:
        return [account.name for account in self.store.accounts.values() if account.name]

    def add_account(self, data: NewAccount) -> int:
        """Its entries are stored as given: no watchlist entry goes because of a play, no activity moves."""
        if not data.name or self.store.by_name(data.name):
            raise ControlError("an account needs a name that is not taken")
        account = self.store.add_account(data.name)
        began = {group: dict(one) for group, one in account.activities.items()}
        try:
            change_attributes(account, data.settings, names=SETTINGS)
            for entry in data.entries:
                self._write(account, entry, site=False)
        except ControlError:
            self.store.remove_account(account)
            raise
        account.activities, account.past = began, []
        return account.id

    def read_account(self, name: str) -> dict[str, Any]:
        return account_json(self, self._account(name))

    def edit_account(self, name: str, data: Edit) -> list[dict[str, Any]]:
        """The person at work on the site: what the API's calls do, lists and removals alike."""
        account = self._account(name)
        change_attributes(account, data.settings, names=SETTINGS)
        if data.settings:
            self.store.touch(account, "account.settings_at")
        answers = [answer for entry in data.upsert for answer in self._write(account, entry, site=True)]
        for entry in data.delete:
            if not isinstance(entry, dict):
                raise ControlError("delete takes what upsert takes")
            answers += self._write(account, entry, site=True, remove=True)
        return answers

    def _write(self, account: Account, entry: Body, *, site: bool, remove: bool = False) -> list[dict[str, Any]]:
        """{"history": body, "ratings": body, "watchlist": body, "dropped": body, …}. Raises ControlError."""
        answers = []
        for name, body in entry.items():
            if name not in LISTS or not isinstance(body, dict):
                raise ControlError(f"an entry has a list ({', '.join(LISTS)}) and the body that its call takes")
            try:
                answer = self.writer(name, site=site, remove=remove)(account, body).answer
            except Refused as error:
                raise ControlError(f"{name}: Trakt answers {error.status} {error.data or ''}") from error
            missing = {key: value for key, value in answer["not_found"].items() if value}
            if missing:
                raise ControlError(f"{name}: Trakt does not find {missing}", status=404)
            answers.append({"of": name, **answer})
        return answers

    def writer(self, name: str, *, site: bool = True, remove: bool = False) -> Callable[[Account, Body], Written]:
        """The call that writes one list, or takes from it."""
        if name == "history":
            if remove:
                return lambda account, body: fake_history.remove_plays(self, account, body)
            return lambda account, body: fake_history.add_plays(self, account, body, site=site)
        if name in SECTIONS:
            hide = fake_marks.unhide if remove else fake_marks.hide
            return lambda account, body: hide(self, account, body, section=name)
        if name == "ratings":
            mark = fake_marks.remove_ratings if remove else fake_marks.add_ratings
        else:
            mark = fake_marks.remove_from_watchlist if remove else fake_marks.add_to_watchlist
        return lambda account, body: mark(self, account, body)

    def remove_account(self, name: str) -> None:
        self.store.remove_account(self._account(name))

    def account_id(self, name: str) -> int:
        return self._account(name).id

    def issue_token(self, account_id: int, client_id: str) -> dict[str, Any]:
        return fake_oauth.issue_token(self, account_id, client_id)

    def own_actions(self) -> Mapping[str, Callable[[Body], Any]]:
        return {
            "GET devices": lambda _: [fake_device.device_json(one) for one in self.devices.values()],
            "POST devices": lambda data: fake_device.decide(self, data),
        }

    def _account(self, name: str) -> Account:
        account = self.store.by_name(name) if name else None
        if account is None:
            raise ControlError(f"Trakt has no account {name!r}", status=404)
        return account


def account_json(fake: ControlledTrakt, account: Account) -> dict[str, Any]:
    """The whole account as Trakt holds it now, whatever reads may still show; plays in the order they were made."""
    state, screen = account.state, fake.store.screen

    def named(key: tuple[str, int]) -> dict[str, Any]:
        return {"type": key[0], **target_json(screen.find(key[0], "trakt", key[1]))}

    return {
        "id": account.id,
        "name": account.name,
        "settings": {name: getattr(account, name) for name in SETTINGS},
        "history": [play_json(fake, play) for _, play in sorted(state.plays.items())],
        "ratings": [{"rating": one.value, "rated_at": iso(one.at), **named(key)} for key, one in state.ratings.items()],
        "watchlist": [
            {"listed_at": iso(one.at), "notes": one.notes, **named(key)} for key, one in state.watchlist.items()
        ],
        "hidden": {
            name: [{"hidden_at": iso(at), **named(key)} for key, at in items.items()]
            for name, items in state.hidden.items()
            if items
        },
        "resets": {str(show): iso(at) for show, at in state.resets.items()},
    }
