"""The Kitsu side of the control API: accounts, entries and works in Kitsu's own words. `docs/sandbox.md`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from integrations.providers.kitsu import fake_oauth
from integrations.providers.kitsu.fake_resources import ENTRY
from integrations.providers.kitsu.fake_store import (
    KINDS,
    RATING_SYSTEMS,
    Account,
    Entry,
    Key,
    Media,
    Store,
    mappings_of,
)
from integrations.providers.kitsu.fake_write import (
    WRITABLE,
    BadValue,
    Invalid,
    find_problems,
    new_entry,
    read_moment,
    read_values,
    save,
    show_moment,
)
from integrations.sandbox.base import Exchange, Fake
from integrations.sandbox.catalogue import Work
from integrations.sandbox.grants import HEX, App
from integrations.sandbox.shapes import ControlError, Edit, NewAccount, NewApp, change_attributes, check_like
from integrations.sandbox.throttle import Burst

SETTINGS = {
    name: name for name in ("password", "email", "slug", "rating_system", "sfw_filter", "time_zone", "title_language")
}
MEDIA_NAMES = {
    "title": "title",
    "slug": "slug",
    "english": "english",
    "synonyms": "synonyms",
    "subtype": "subtype",
    "status": "status",
    "episodeCount": "total",
    "chapterCount": "total",
    "volumeCount": "volumes",
    "startDate": "start",
    "endDate": "end",
    "nsfw": "nsfw",
    "hidden": "hidden",
    "synopsis": "synopsis",
    "averageRating": "average",
    "userCount": "users",
    "posterImage": "poster",
}
STAMPS = {"createdAt": "created_at", "updatedAt": "updated_at"}


def read_key(data: Any) -> Key:
    if not isinstance(data, dict) or data.get("kind") not in KINDS or not isinstance(data.get("id"), int):
        raise ControlError("name a work by kind (anime or manga) and id")
    return (str(data["kind"]), int(data["id"]))


def find_media(store: Store, data: Any) -> Media:
    media = store.media.get(read_key(data))
    if media is None:
        raise ControlError(f"Kitsu has no {data['kind']} {data['id']}", status=404)
    return media


def read_entry(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(values in REST's names, stamps by the names of `Entry`), checked by name only."""
    rest = {name: value for name, value in data.items() if name not in {"kind", "id"}}
    unknown = rest.keys() - WRITABLE.keys() - STAMPS.keys()
    if unknown:
        raise ControlError(f"an entry has {', '.join([*WRITABLE, *STAMPS])}, not {', '.join(sorted(unknown))}")
    stamps = {STAMPS[name]: _read_stamp(rest.pop(name)) for name in STAMPS if name in rest}
    return rest, stamps


def _read_stamp(value: Any) -> float:
    """Unix seconds or ISO 8601."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return read_moment(value) or 0.0
    except BadValue as error:
        raise ControlError("createdAt and updatedAt take Unix seconds or ISO 8601") from error


def put_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Store an entry exactly as given: none of the server's own changes, and progress above the count is allowed."""
    media = find_media(store, data)
    values, stamps = read_entry(data)
    now = store.clock.now()
    before = account.entries.get((media.kind, media.id))
    base = before or Entry(0, account.id, media, status="current", created_at=now)
    try:
        entry = replace(base, **{"updated_at": now, **read_values(values), **stamps})
    except Invalid as error:
        raise ControlError(f"{media.kind} {media.id}: {error}") from error
    wrong = [problem for problem in find_problems(entry, store.clock.today()) if problem[0] != "progress"]
    if wrong or entry.progress < 0:
        raise ControlError(f"{media.kind} {media.id}: {Invalid(wrong or [('progress', 'is negative')])}")
    return store.put_entry(entry)


def edit_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Change an entry as the person would on the site, which saves by the same rules as the API."""
    media = find_media(store, data)
    values, stamps = read_entry(data)
    before = account.entries.get((media.kind, media.id))
    try:
        if before is None:
            entry = new_entry(store, account, media, values={"status": "current", **values})
        else:
            entry = save(store, before, values)
    except Invalid as error:
        raise ControlError(f"{media.kind} {media.id}: {error}") from error
    return store.put_entry(replace(entry, **stamps))


def change_work(store: Store, values: Mapping[str, Any]) -> None:
    """{"kind", "id", ...names of MEDIA_NAMES, "mappings": {site: id}, or "removed": true}; a new one needs a title."""
    key = read_key(values)
    if values.get("removed"):
        store.forget_media(key)
        return
    if key not in store.media and not values.get("title"):
        raise ControlError("a new work needs a title")
    changes = {name: 0 if value is None else value for name, value in values.items() if name in MEDIA_NAMES}
    others = {name: value for name, value in values.items() if name not in {"kind", "id", "mappings", *MEDIA_NAMES}}
    mappings = values.get("mappings")
    check_like("mappings", mappings or {}, like={})
    media = store.media.get(key) or Media(key[0], key[1], "", subtype="TV" if key[0] == "anime" else "manga")
    change_attributes(media, {**changes, **others}, names=MEDIA_NAMES)
    if "slug" in changes:
        store.slugs = {name: one for name, one in store.slugs.items() if one is not media}
    store.put_media(media)
    if mappings is not None:
        store.set_mappings(media, {site: str(external_id) for site, external_id in mappings.items()})


def change_settings(account: Account, changes: Mapping[str, Any]) -> None:
    if changes.get("rating_system", "simple") not in RATING_SYSTEMS:
        raise ControlError(f"rating_system must be one of {', '.join(RATING_SYSTEMS)}")
    change_attributes(account, changes, names=SETTINGS)
    account.email, account.slug = account.email.lower(), account.slug.lower()


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry by kind and id of its work; `entryId` is its own."""
    known = {"kind": entry.media.kind, "id": entry.media.id, "title": entry.media.title, "entryId": entry.id}
    return {**known, **{name: read(entry) for name, read in ENTRY.items() if name != "rating"}}


def account_json(account: Account) -> dict[str, Any]:
    """The whole account as Kitsu holds it, by kind and id, whatever the filters hide from a list."""
    return {
        "id": account.id,
        "name": account.name,
        "settings": {name: getattr(account, attribute) for name, attribute in SETTINGS.items()},
        "createdAt": show_moment(account.created_at),
        "entries": [entry_json(account.entries[key]) for key in sorted(account.entries)],
    }


class ControlledKitsu(Fake):
    """What the control API asks of the Kitsu fake."""

    slug = "kitsu"
    store: Store
    luck: Random
    logins: dict[str, Burst]

    @abstractmethod
    def shorten(self, exchange: Exchange, rows: list[Entry]) -> list[Entry]:
        """What the list faults leave of a list."""

    def add_app(self, data: NewApp) -> App:
        """Nobody can register an app at Kitsu; a second pair shows that tokens are kept apart by client."""
        client_id = data.client_id or self.grants.word(64, HEX)
        return App(client_id, data.client_secret or self.grants.word(64, HEX), (), data.name)

    def add_works(self, works: Iterable[Work]) -> None:
        """With both mappings, unlike some works of the catalogue."""
        for work in works:
            self.store.add_work(work, work.kitsu_id, mappings=mappings_of(work))

    def change_work(self, data: Mapping[str, Any]) -> None:
        change_work(self.store, data)

    def account_names(self) -> list[str]:
        return [account.name for account in self.store.accounts.values() if account.name]

    def add_account(self, data: NewAccount) -> int:
        if not data.name or self.store.by_name(data.name):
            raise ControlError("an account needs a name that is not taken")
        account = self.store.add_account(data.name)
        try:
            change_settings(account, data.settings)
            for entry in data.entries:
                put_entry(self.store, account, entry)
        except ControlError:
            self.store.remove_account(account)
            raise
        return account.id

    def read_account(self, name: str) -> dict[str, Any]:
        return account_json(self._account(name))

    def edit_account(self, name: str, data: Edit) -> list[dict[str, Any]]:
        account = self._account(name)
        change_settings(account, data.settings)
        changed = [edit_entry(self.store, account, entry) for entry in data.upsert]
        for key in map(read_key, data.delete):
            if key not in account.entries:
                raise ControlError(f"{name} has no entry for {key[0]} {key[1]}", status=404)
            self.store.remove_entry(account.entries[key])
        return [entry_json(entry) for entry in changed]

    def remove_account(self, name: str) -> None:
        self.store.remove_account(self._account(name))

    def account_id(self, name: str) -> int:
        return self._account(name).id

    def issue_token(self, account_id: int, client_id: str) -> dict[str, Any]:
        return fake_oauth.issue_token(self, account_id, client_id)

    def _account(self, name: str) -> Account:
        account = self.store.by_name(name) if name else None
        if account is None:
            raise ControlError(f"Kitsu has no account {name!r}", status=404)
        return account
