"""Plays at the Trakt fake: append-only, cut to the minute. providers/trakt.md 6.3, 7.1 and 7.2, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.providers.trakt.fake_items import Item, playable, resolve
from integrations.providers.trakt.fake_json import Refused, invalid, paged_answer, target_json
from integrations.providers.trakt.fake_json import extended as read_extended
from integrations.providers.trakt.fake_store import UNKNOWN_DATE, Account, Key, Play, State, key_of
from integrations.sandbox.screen import Episode, Movie, iso

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

COUNTED = {"movie": "movies", "episode": "episodes"}


@dataclass
class Written:
    """What a writing call answers, and what it changed, for the journal."""

    answer: dict[str, Any]
    writes: list[str] = field(default_factory=list)


def read_date(text: str, what: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"{what} must be an ISO 8601 date") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _watched_at(item: Item, target: Episode | Movie, now: float) -> float:
    value = item.read("watched_at")
    if not isinstance(value, str):
        # A unix number is silently read as now (trakt-api#310).
        return now
    if value == "unknown":
        return UNKNOWN_DATE
    if value != "released":
        return read_date(value, "watched_at")
    if isinstance(target, Movie):
        raise invalid("released is for episodes")
    return now if target.aired_at is None else target.aired_at


def add_plays(
    fake: ControlledTrakt, account: Account, body: Mapping[str, Any], *, site: bool = True, action: str = "watch"
) -> Written:
    """POST /sync/history. site: with what the service does of its own accord."""
    found = resolve(fake, body)
    now = fake.clock.now()
    # Seconds are cut (trakt-api#876).
    wanted = [(one, _watched_at(item, one, now) // 60 * 60) for item in found.items for one in playable(item)]
    if len(account.state.plays) + len(wanted) > fake.settings["history_cap"]:
        raise over_limit(fake.settings["history_cap"])
    fresh, existing, updated = _sort_out(fake, account, wanted, site=site)
    conflicts = fake.settings["history_conflicts"]
    if existing and conflicts == "refuse":
        raise Refused(409)
    if fresh:
        fake.begin_write(account)
    writes = []
    for target, watched_at in fresh:
        play = fake.store.add_play(account, target, watched_at=watched_at, action=action)
        writes.append(f"{play.key[0]}:{play.key[1]}")
        if site:
            _take_off_watchlist(fake, account, target)
    fake.store.touch(account, *sorted({f"{COUNTED[key_of(target)[0]]}.watched_at" for target, _ in fresh}))
    if existing and conflicts == "refuse_after":
        raise Refused(409)
    answer = {"added": _count(target for target, _ in fresh)}
    if conflicts == "existing":
        answer["existing"] = _count(target for target, _ in existing)
    # The counter belongs to the newer contract, which says 200: trakt.md 7.1.
    if fake.settings["write_status"] == 200:
        answer["updated"] = _count(updated)
    return Written({**answer, "not_found": found.not_found}, writes)


Plays = list[tuple[Any, float]]


def _sort_out(fake: ControlledTrakt, account: Account, wanted: Plays, *, site: bool) -> tuple[Plays, Plays, list[Any]]:
    """(to add, in conflict with an equal play, left out because the person wants one play of a thing)."""
    held = {(play.key, play.watched_at) for play in account.state.plays.values()}
    played = {key for key, _ in held}
    once = site and account.watch_only_once and fake.settings["watch_once_skips"]
    fresh: Plays = []
    existing: Plays = []
    updated = []
    for target, minute in wanted:
        key = key_of(target)
        if once and key in played:
            updated.append(target)
        elif site and fake.settings["history_conflicts"] != "doubles" and (key, minute) in held:
            existing.append((target, minute))
        else:
            fresh.append((target, minute))
            held.add((key, minute))
            played.add(key)
    return fresh, existing, updated


def _count(targets: Iterable[Any]) -> dict[str, int]:
    kinds = [key_of(target)[0] for target in targets]
    return {"movies": kinds.count("movie"), "episodes": kinds.count("episode")}


def _take_off_watchlist(fake: ControlledTrakt, account: Account, target: Episode | Movie) -> None:
    """A film or a show that was begun leaves the watchlist by itself (cathode#27, script.trakt#98)."""
    keys: list[Key] = [key_of(target)]
    if isinstance(target, Episode):
        keys.append(("show", target.show.trakt))
    for key in keys:
        if account.state.watchlist.pop(key, None) is not None:
            fake.store.touch(account, f"{key[0]}s.watchlisted_at", "watchlist.updated_at")


def over_limit(limit: int) -> Refused:
    headers = {"X-Account-Limit": str(limit), "X-Upgrade-URL": "https://trakt.tv/vip"}
    return Refused(420, headers=headers)


def remove_plays(fake: ControlledTrakt, account: Account, body: Mapping[str, Any]) -> Written:
    """POST /sync/history/remove: every play of the items, and one play for each of `ids`."""
    found = resolve(fake, body)
    ids = body.get("ids") or []
    if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
        raise invalid("ids must be a list of history ids")
    plays = account.state.plays
    keys = {key_of(one) for item in found.items for one in playable(item, aired=False)}
    gone = {play.id for play in plays.values() if play.key in keys} | {one for one in ids if one in plays}
    if gone:
        fake.begin_write(account)
    removed = [plays.pop(play_id) for play_id in sorted(gone)]
    fake.store.touch(account, *sorted({f"{COUNTED[play.key[0]]}.watched_at" for play in removed}))
    kinds = [play.key[0] for play in removed]
    deleted = {"movies": kinds.count("movie"), "episodes": kinds.count("episode")}
    not_found = {**found.not_found, "ids": [one for one in ids if one not in gone]}
    writes = [f"{play.key[0]}:{play.key[1]}" for play in removed]
    return Written({"deleted": deleted, "not_found": not_found}, writes)


def read_history(fake: ControlledTrakt, exchange: Exchange, state: State, *, values: Mapping[str, Any]) -> Response:
    """Newest first by watched_at, which start_at and end_at filter too: back-dated plays hide (trakt-api#313)."""
    args = exchange.request.args
    kind, trakt_id = values.get("type", ""), values.get("id")
    start = read_date(args["start_at"], "start_at") if args.get("start_at") else float("-inf")
    end = read_date(args["end_at"], "end_at") if args.get("end_at") else float("inf")
    plays = [play for play in state.plays.values() if start <= play.watched_at <= end]
    plays = [play for play in plays if _belongs(fake, play, kind=kind, trakt_id=trakt_id)]
    plays.sort(key=lambda play: (play.watched_at, play.id), reverse=True)
    full = "full" in read_extended(exchange)
    return paged_answer(fake, exchange, plays, make=lambda play: play_json(fake, play, full=full))


def _belongs(fake: ControlledTrakt, play: Play, *, kind: str, trakt_id: int | None) -> bool:
    if kind in ("movies", "episodes") or not kind:
        return (not kind or play.key[0] == kind.removesuffix("s")) and trakt_id in (None, play.key[1])
    if play.key[0] != "episode":
        return False
    episode = fake.store.screen.episodes[play.key[1]]
    owner = episode.show.trakt if kind == "shows" else episode.show.seasons[episode.season].trakt
    return trakt_id in (None, owner)


def play_json(fake: ControlledTrakt, play: Play, *, full: bool = False) -> dict[str, Any]:
    target = fake.store.screen.find(play.key[0], "trakt", play.key[1])
    known = {"id": play.id, "watched_at": iso(play.watched_at), "action": play.action, "type": play.key[0]}
    return {**known, **target_json(target, full=full)}
