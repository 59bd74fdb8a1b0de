"""Ratings, watchlist and hidden items written at the Trakt fake. providers/trakt.md 7.3 to 7.5, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from integrations.providers.trakt.fake_history import Written, over_limit, read_date
from integrations.providers.trakt.fake_items import Found, Item, plural_of, resolve
from integrations.providers.trakt.fake_json import Refused, invalid
from integrations.providers.trakt.fake_store import Account, Key, Rating, key_of
from integrations.sandbox.screen import iso

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt

PLURALS = ("movies", "shows", "seasons", "episodes")
HIDEABLE = {
    "calendar": ("movie", "show"),
    "progress_watched": ("show", "season"),
    "progress_collected": ("show", "season"),
    "recommendations": ("movie", "show"),
    "comments": ("movie", "show"),
    "dropped": ("show",),
}
"""Which kinds a section takes. `dropped` takes whole shows only."""
LONGEST_NOTES = 500


def _count(keys: Iterable[Key]) -> dict[str, int]:
    kinds = [f"{kind}s" for kind, _ in keys]
    return {name: kinds.count(name) for name in PLURALS}


def _moment(item: Item, name: str, now: float) -> float:
    value = item.data.get(name)
    return read_date(value, name) if isinstance(value, str) else now


def add_ratings(fake: ControlledTrakt, account: Account, body: Mapping[str, Any]) -> Written:
    """POST /sync/ratings: whole numbers from 1 to 10, which replace what was there."""
    found = resolve(fake, body)
    rated: dict[Key, Rating] = {}
    for item in found.items:
        value = item.data.get("rating")
        if value is None and not item.whole:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10:
            raise invalid("rating must be a whole number from 1 to 10")
        rated[key_of(item.target)] = Rating(value, _moment(item, "rated_at", fake.clock.now()))
    cap = fake.settings["ratings_cap_vip" if account.vip else "ratings_cap_free"]
    if len(account.state.ratings.keys() | rated.keys()) > cap:
        raise over_limit(cap)
    if rated:
        fake.begin_write(account)
    account.state.ratings.update(rated)
    _touch(fake, account, rated, name="rated_at")
    return _written({"added": _count(rated), "not_found": found.not_found}, "rating", rated)


def remove_ratings(fake: ControlledTrakt, account: Account, body: Mapping[str, Any]) -> Written:
    found = resolve(fake, body)
    gone = _take(fake, account, found, items=account.state.ratings)
    _touch(fake, account, gone, name="rated_at")
    return _written({"deleted": _count(gone), "not_found": found.not_found}, "rating", gone)


def add_to_watchlist(fake: ControlledTrakt, account: Account, body: Mapping[str, Any]) -> Written:
    """POST /sync/watchlist: idempotent; over the account's cap nothing is added."""
    found = resolve(fake, body)
    wanted = {key_of(item.target): item for item in found.items if item.whole}
    for item in wanted.values():
        _check_notes(account, item.data.get("notes"))
    held = account.state.watchlist
    fresh = [key for key in wanted if key not in held]
    cap = watchlist_cap(fake, account)
    if fresh and len(held) + len(fresh) > cap:
        raise over_limit(cap)
    if wanted:
        fake.begin_write(account)
    for key, item in wanted.items():
        at = _moment(item, "listed_at", fake.clock.now())
        fake.store.list_item(account, key, at=at, notes=item.data.get("notes"))
    _touch(fake, account, fresh, name="watchlisted_at", also="watchlist.updated_at")
    answer = {"added": _count(fresh), "existing": _count(set(wanted) - set(fresh)), "not_found": found.not_found}
    return _written({**answer, "list": _list_json(account)}, "watchlist", fresh)


def _check_notes(account: Account, notes: Any) -> None:
    if notes is None:
        return
    if not account.vip:
        raise Refused(426, headers={"X-Upgrade-URL": "https://trakt.tv/vip"})
    if not isinstance(notes, str) or len(notes) > LONGEST_NOTES:
        raise invalid(f"notes must be a text of at most {LONGEST_NOTES} characters")


def watchlist_cap(fake: ControlledTrakt, account: Account) -> int:
    return int(fake.settings["watchlist_cap_vip" if account.vip else "watchlist_cap_free"])


def remove_from_watchlist(fake: ControlledTrakt, account: Account, body: Mapping[str, Any]) -> Written:
    found = resolve(fake, body)
    gone = _take(fake, account, found, items=account.state.watchlist)
    _touch(fake, account, gone, name="watchlisted_at", also="watchlist.updated_at")
    answer = {"deleted": _count(gone), "not_found": found.not_found, "list": _list_json(account)}
    return _written(answer, "watchlist", gone)


def _list_json(account: Account) -> dict[str, Any]:
    moved_at = account.activities["watchlist"]["updated_at"]
    return {"updated_at": iso(moved_at), "item_count": len(account.state.watchlist)}


def hide(fake: ControlledTrakt, account: Account, body: Mapping[str, Any], *, section: str) -> Written:
    """The counters are the contract's odd ones (trakt.md 7.5): `season` in the singular."""
    found = resolve(fake, body)
    wanted = {key: item for key, item in _hideable(found, section).items() if item.whole}
    hidden = account.state.hidden[section]
    fresh = [key for key in wanted if key not in hidden]
    if fresh:
        fake.begin_write(account)
    for key in fresh:
        hidden[key] = _moment(wanted[key], "hidden_at", fake.clock.now())
    _touch_hidden(fake, account, fresh, section=section)
    count = _count(fresh)
    added = {"movies": count["movies"], "shows": count["shows"], "season": count["seasons"]}
    return _written({"added": added, "not_found": found.not_found}, f"hidden:{section}", fresh)


def unhide(fake: ControlledTrakt, account: Account, body: Mapping[str, Any], *, section: str) -> Written:
    """`deleted` counts films and episodes, hence never a show."""
    found = resolve(fake, body)
    wanted = _hideable(found, section)
    hidden = account.state.hidden[section]
    gone = [key for key in wanted if key in hidden]
    if gone:
        fake.begin_write(account)
    for key in gone:
        del hidden[key]
    _touch_hidden(fake, account, gone, section=section)
    deleted = {"movies": _count(gone)["movies"], "episodes": 0}
    return _written({"deleted": deleted, "not_found": found.not_found}, f"hidden:{section}", gone)


def _hideable(found: Found, section: str) -> dict[Key, Item]:
    """By key; what the section does not take is moved to `not_found`."""
    wanted = {}
    for item in found.items:
        key = key_of(item.target)
        if key[0] in HIDEABLE[section]:
            wanted[key] = item
        else:
            found.not_found[plural_of(item.target)].append({"ids": {"trakt": key[1]}})
    return wanted


def _touch_hidden(fake: ControlledTrakt, account: Account, keys: Iterable[Key], *, section: str) -> None:
    if section == "dropped":
        fake.store.touch(account, *["shows.dropped_at" for _ in list(keys)[:1]])
    else:
        _touch(fake, account, keys, name="hidden_at")


def _take(fake: ControlledTrakt, account: Account, found: Found, *, items: dict[Key, Any]) -> list[Key]:
    gone = [key for item in found.items if item.whole and (key := key_of(item.target)) in items]
    gone = list(dict.fromkeys(gone))
    if gone:
        fake.begin_write(account)
    for key in gone:
        del items[key]
    return gone


def _touch(fake: ControlledTrakt, account: Account, keys: Iterable[Key], *, name: str, also: str = "") -> None:
    places = sorted({f"{kind}s.{name}" for kind, _ in keys})
    fake.store.touch(account, *places, *([also] if also and places else []))


def _written(answer: dict[str, Any], list_name: str, keys: Iterable[Key]) -> Written:
    return Written(answer, [f"{list_name}:{kind}:{trakt_id}" for kind, trakt_id in keys])


Writer = Callable[["ControlledTrakt", Account, Mapping[str, Any]], Written]
