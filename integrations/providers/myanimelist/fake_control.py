"""The MyAnimeList side of the control API: accounts, entries and works in MAL's own words. `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from integrations.providers.myanimelist import fake_oauth
from integrations.providers.myanimelist.fake_fields import iso, status_json
from integrations.providers.myanimelist.fake_forms import KEYS, BadForm, read_form
from integrations.providers.myanimelist.fake_store import (
    KINDS,
    Account,
    Date,
    Entry,
    Key,
    Store,
    Title,
    title_from_work,
)
from integrations.sandbox.base import Fake
from integrations.sandbox.catalogue import Work
from integrations.sandbox.grants import HEX, App
from integrations.sandbox.shapes import ControlError, Edit, NewAccount, NewApp, change_attributes

SETTINGS = {name: name for name in ("private_list", "time_zone", "is_supporter")}
WRITTEN = {"num_episodes_watched": "num_watched_episodes"}
"""Read names whose write name differs."""
TITLE_NAMES = {
    "title": "title",
    "english": "english",
    "synonyms": "synonyms",
    "media_type": "media_type",
    "status": "status",
    "num_episodes": "total",
    "num_chapters": "total",
    "num_volumes": "volumes",
    "start_date": "start",
    "nsfw": "nsfw",
    "approved": "approved",
}
OTHERS = {"kind", "id", "updated_at", "start_date", "finish_date"}


def find_title(store: Store, data: Mapping[str, Any]) -> Title:
    title = store.titles.get(read_key(data))
    if title is None:
        raise ControlError(f"MAL has no {data.get('kind')} {data.get('id')}", status=404)
    return title


def read_key(data: Any) -> Key:
    if not isinstance(data, dict) or data.get("kind") not in KINDS or not isinstance(data.get("id"), int):
        raise ControlError("name a title by kind (anime or manga) and id")
    return (str(data["kind"]), int(data["id"]))


def change_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Set what is given, in the names that reads use; dates may lack their year, as "0000-05-03"."""
    title = find_title(store, data)
    form = {WRITTEN.get(name, name): _text(value) for name, value in data.items() if name not in OTHERS}
    try:
        changes = read_form(form, title)
    except BadForm as error:
        raise ControlError(
            f"{data['kind']} {data['id']}: {error} (keys: {', '.join(sorted(KEYS[title.kind]))})"
        ) from error
    dates = {name: _read_date(str(data[name] or "")) for name in ("start_date", "finish_date") if name in data}
    moved_at = _read_time(data["updated_at"]) if "updated_at" in data else store.clock.seconds()
    entry = store.put(account, title)
    for change in changes:
        change(entry)
    entry.start = dates.get("start_date", entry.start)
    entry.finish = dates.get("finish_date", entry.finish)
    entry.updated_at = moved_at
    return entry


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _read_date(text: str) -> Date:
    parts = [int(part) for part in text.split("-") if part.isdecimal()] + [0, 0, 0]
    return (parts[0], parts[1], parts[2])


def _read_time(value: Any) -> int:
    try:
        return int(value) if isinstance(value, (int, float)) else int(datetime.fromisoformat(str(value)).timestamp())
    except ValueError as error:
        raise ControlError("updated_at takes Unix seconds or ISO 8601") from error


def edit_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Change an entry as the person would on the site, where choosing "completed" fills in the counts."""
    title = find_title(store, data)
    filled = dict(data)
    if data.get("status") == "completed":
        if title.kind == "anime" and title.total:
            filled.setdefault("num_episodes_watched", title.total)
        elif title.kind == "manga":
            filled.setdefault("num_chapters_read", title.total)
            filled.setdefault("num_volumes_read", title.volumes)
    return change_entry(store, account, filled)


def change_work(store: Store, values: Mapping[str, Any]) -> None:
    """{"kind", "id", ...names of TITLE_NAMES, or "removed": true}; an unknown id needs a title."""
    key = read_key(values)
    if values.get("removed"):
        store.forget_title(key)
        return
    if key not in store.titles and not values.get("title"):
        raise ControlError("a new work needs a title")
    title = store.titles.get(key) or Title(key[1], key[0], "")
    changes = {name: value for name, value in values.items() if name not in {"kind", "id"}}
    change_attributes(title, changes, names=TITLE_NAMES)
    store.titles[key] = title


def account_json(account: Account) -> dict[str, Any]:
    """The whole account as MAL holds it, by kind and id, whatever `nsfw` hides from a list."""
    entries = [account.entries[key] for key in sorted(account.entries)]
    return {
        "id": account.id,
        "name": account.name,
        "settings": {name: getattr(account, name) for name in SETTINGS},
        "joined_at": iso(account.joined_at),
        "entries": [entry_json(entry) for entry in entries],
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    known = {"kind": entry.title.kind, "id": entry.title.id, "title": entry.title.title}
    return {**known, **status_json(entry), "comments": entry.comments}


class ControlledMyAnimeList(Fake):
    """What the control API asks of the MyAnimeList fake."""

    slug = "myanimelist"
    store: Store

    def add_app(self, data: NewApp) -> App:
        """Only a web app gets a secret."""
        secret = (data.client_secret or self.grants.word(64, HEX)) if data.type == "web" else ""
        return App(data.client_id or self.grants.word(32, HEX), secret, data.all_uris(), data.name)

    def add_works(self, works: Iterable[Work]) -> None:
        self.store.titles.update({(work.kind, work.mal_id): title_from_work(work) for work in works})

    def change_work(self, data: Mapping[str, Any]) -> None:
        change_work(self.store, data)

    def account_names(self) -> list[str]:
        return [account.name for account in self.store.accounts.values() if account.name]

    def add_account(self, data: NewAccount) -> int:
        if not data.name or self.store.by_name(data.name):
            raise ControlError("an account needs a name that is not taken")
        account = self.store.add_account(data.name)
        try:
            change_attributes(account, data.settings, names=SETTINGS)
            for entry in data.entries:
                change_entry(self.store, account, entry)
        except ControlError:
            self.store.remove_account(account)
            raise
        return account.id

    def read_account(self, name: str) -> dict[str, Any]:
        return account_json(self._account(name))

    def edit_account(self, name: str, data: Edit) -> list[dict[str, Any]]:
        account = self._account(name)
        change_attributes(account, data.settings, names=SETTINGS)
        changed = [edit_entry(self.store, account, entry) for entry in data.upsert]
        for key in map(read_key, data.delete):
            if account.entries.pop(key, None) is None:
                raise ControlError(f"{name} has no entry for {key[0]} {key[1]}", status=404)
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
            raise ControlError(f"MAL has no account {name!r}", status=404)
        return account
