"""The AniList side of the control API: accounts, entries and works in AniList's own words. `docs/sandbox.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import UNSET, UnsetType, to_builtins

from integrations.providers.anilist import fake_oauth
from integrations.providers.anilist.fake_execute import ApiError
from integrations.providers.anilist.fake_scores import TOPS, show_score
from integrations.providers.anilist.fake_store import TYPES, Account, Entry, FuzzyDate, Media, Store, media_from_work
from integrations.sandbox.base import Fake
from integrations.sandbox.catalogue import Work
from integrations.sandbox.grants import App
from integrations.sandbox.shapes import ControlError, Edit, NewAccount, NewApp, Shape, change_attributes, read_shape

SETTINGS = {
    "score_format": "score_format",
    "private": "is_private",
    "title_language": "title_language",
    "timezone": "timezone",
    "display_adult": "display_adult",
}
LIST_SETTINGS = {name: name for name in ("custom_lists", "split_completed", "advanced", "advanced_enabled")}
MEDIA_NAMES = {
    "idMal": "id_mal",
    "type": "type",
    "title": "title",
    "english": "english",
    "synonyms": "synonyms",
    "format": "format",
    "status": "status",
    "episodes": "total",
    "chapters": "total",
    "volumes": "volumes",
    "isAdult": "is_adult",
    "isLocked": "is_locked",
    "popularity": "popularity",
    "trending": "trending",
    "averageScore": "average",
    "description": "description",
    "genres": "genres",
    "coverImage": "cover",
}
OPEN = {"idMal", "english", "episodes", "chapters", "volumes", "averageScore", "description"}
"""May be null."""


class DateShape(Shape):
    year: int | None = None
    month: int | None = None
    day: int | None = None


class EntryShape(Shape, omit_defaults=True):
    """An entry in the words of `SaveMediaListEntry`, with the two times beside."""

    mediaId: int  # noqa: N815 - AniList's names
    status: Literal["CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING"] | UnsetType = UNSET
    score: float | UnsetType = UNSET
    scoreRaw: int | UnsetType = UNSET  # noqa: N815
    progress: int | UnsetType = UNSET
    progressVolumes: int | UnsetType = UNSET  # noqa: N815
    repeat: int | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    private: bool | UnsetType = UNSET
    notes: str | UnsetType | None = UNSET
    hiddenFromStatusLists: bool | UnsetType = UNSET  # noqa: N815
    customLists: list[str] | UnsetType = UNSET  # noqa: N815
    advancedScores: list[float] | UnsetType = UNSET  # noqa: N815
    startedAt: DateShape | UnsetType | None = UNSET  # noqa: N815
    completedAt: DateShape | UnsetType | None = UNSET  # noqa: N815
    updatedAt: int | UnsetType = UNSET  # noqa: N815
    createdAt: int | UnsetType = UNSET  # noqa: N815


def read_entry(data: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, checked. Raises ControlError."""
    return dict(to_builtins(read_shape(data, EntryShape)))


def change_settings(account: Account, changes: Mapping[str, Any]) -> None:
    """Keys of SETTINGS, and anime_ or manga_ with a key of LIST_SETTINGS, e.g. anime_custom_lists."""
    own = {name: value for name, value in changes.items() if name.partition("_")[0].upper() not in TYPES}
    if own.get("score_format", "POINT_100") not in TOPS:
        raise ControlError(f"score_format must be one of {', '.join(TOPS)}")
    change_attributes(account, own, names=SETTINGS)
    for kind in TYPES:
        start = f"{kind.lower()}_"
        listed = {name.removeprefix(start): value for name, value in changes.items() if name.startswith(start)}
        change_attributes(account.lists[kind], listed, names=LIST_SETTINGS)


def put_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Store an entry exactly as given, by no site's rules; what is left out is empty. updatedAt may be 0."""
    values = read_entry(data)
    try:
        entry = store.save(account, {"startedAt": None, "completedAt": None, **values})
    except ApiError as error:
        raise ControlError(f"entry {values['mediaId']}: {error.validation or error.message}") from error
    entry.updated_at = values.get("updatedAt", entry.updated_at)
    entry.created_at = values.get("createdAt", entry.created_at)
    return entry


def edit_entry(store: Store, account: Account, data: Mapping[str, Any]) -> Entry:
    """Change an entry as the person would on the site. The site's editor fills in what the API does not.

    Choosing COMPLETED sets the progress to the total and the finish day to today, choosing CURRENT on an entry
    without a start day sets it to today; each only where `data` does not say otherwise.
    """
    filled = read_entry(data)
    media = store.media.get(filled["mediaId"])
    if media is None:
        raise ControlError(f"AniList has no media {filled['mediaId']}", status=404)
    before = account.entries.get(media.id)
    today = store.clock.today()
    day = {"year": today.year, "month": today.month, "day": today.day}
    turned = filled.get("status") if before is None or before.status != filled.get("status") else None
    if turned == "COMPLETED":
        filled.setdefault("completedAt", day)
        if media.total:
            filled.setdefault("progress", media.total)
        if media.volumes and media.type == "MANGA":
            filled.setdefault("progressVolumes", media.volumes)
    if turned == "CURRENT" and (before is None or not any(before.started)):
        filled.setdefault("startedAt", day)
    try:
        entry = store.save(account, filled)
    except ApiError as error:
        raise ControlError(str(error.validation or error.message)) from error
    entry.updated_at = filled.get("updatedAt", entry.updated_at)
    return entry


def change_work(store: Store, values: Mapping[str, Any]) -> None:
    """{"id": 1, ...names of MEDIA_NAMES, "startDate": "2031-04-07", or "removed": true}; an unknown id needs type and
    title."""
    media_id = values.get("id")
    if not isinstance(media_id, int):
        raise ControlError("a work needs its id")
    if values.get("removed"):
        store.forget_media(media_id)
        return
    media = store.media.get(media_id)
    if media is None:
        if values.get("type") not in TYPES or not values.get("title"):
            raise ControlError(f"a new work needs type ({' or '.join(TYPES)}) and title")
        media = Media(media_id, None, values["type"], values["title"])
    if "startDate" in values:
        media.start = _read_start(values["startDate"])
    changes = {name: value for name, value in values.items() if name not in ("id", "startDate")}
    known = {name: value for name, value in changes.items() if value is not None or name not in OPEN}
    change_attributes(media, known, names=MEDIA_NAMES)
    for name in set(changes) - set(known):
        setattr(media, MEDIA_NAMES[name], None)
    store.media[media_id] = media


def _read_start(text: Any) -> FuzzyDate:
    """YYYY, YYYY-MM or YYYY-MM-DD. Raises ControlError."""
    parts = str(text).split("-")
    if len(parts) > 3 or not all(part.isdecimal() for part in parts):
        raise ControlError("startDate must be YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day, *_ = [int(part) or None for part in parts] + [None, None]
    return (year, month, day)


def account_json(account: Account) -> dict[str, Any]:
    """The whole account as AniList holds it, hidden and private entries included, newest media id last."""
    entries = sorted(account.entries.values(), key=lambda entry: entry.media.id)
    return {
        "id": account.id,
        "name": account.name,
        "settings": {
            **{name: getattr(account, attribute) for name, attribute in SETTINGS.items()},
            **{
                f"{kind.lower()}_{name}": getattr(account.lists[kind], name) for kind in TYPES for name in LIST_SETTINGS
            },
        },
        "entries": [entry_json(entry, account) for entry in entries],
    }


def entry_json(entry: Entry, account: Account) -> dict[str, Any]:
    return {
        "id": entry.id,
        "mediaId": entry.media.id,
        "type": entry.media.type,
        "title": entry.media.title,
        "status": entry.status,
        "score": show_score(entry.raw, account.score_format),
        "scoreRaw": entry.raw,
        "progress": entry.progress,
        "progressVolumes": entry.progress_volumes,
        "repeat": entry.repeat,
        "priority": entry.priority,
        "private": entry.private,
        "notes": entry.notes,
        "hiddenFromStatusLists": entry.hidden,
        "customLists": entry.custom,
        "advancedScores": entry.advanced,
        "startedAt": _date_json(entry.started),
        "completedAt": _date_json(entry.completed),
        "updatedAt": entry.updated_at,
        "createdAt": entry.created_at,
    }


def _date_json(date: FuzzyDate) -> dict[str, int | None]:
    return dict(zip(("year", "month", "day"), date, strict=True))


class ControlledAniList(Fake):
    """What the control API asks of the AniList fake."""

    slug = "anilist"
    store: Store

    def add_app(self, data: NewApp) -> App:
        """AniList keeps one redirect URL an app, and numbers them."""
        client_id = data.client_id or str(20_001 + len(self.grants.apps))
        return App(client_id, data.client_secret or self.grants.word(40), data.all_uris()[:1], data.name)

    def add_works(self, works: Iterable[Work]) -> None:
        self.store.media.update({work.anilist_id: media_from_work(work) for work in works})

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
        for media_id in data.delete:
            if media_id not in account.entries:
                raise ControlError(f"{name} has no entry for media {media_id}", status=404)
            self.store.delete(account, account.entries[media_id].id)
        return [entry_json(entry, account) for entry in changed]

    def remove_account(self, name: str) -> None:
        self.store.remove_account(self._account(name))

    def account_id(self, name: str) -> int:
        return self._account(name).id

    def issue_token(self, account_id: int, client_id: str) -> dict[str, Any]:
        return fake_oauth.issue_token(self, account_id, client_id)

    def _account(self, name: str) -> Account:
        account = self.store.by_name(name) if name else None
        if account is None:
            raise ControlError(f"AniList has no account {name!r}", status=404)
        return account
