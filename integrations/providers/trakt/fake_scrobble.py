"""Scrobbling at the Trakt fake: a play that a player reports. providers/trakt.md 7.6, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from integrations.providers.trakt.fake_history import add_plays
from integrations.providers.trakt.fake_items import Item, playable, resolve
from integrations.providers.trakt.fake_json import Refused, invalid, target_json
from integrations.providers.trakt.fake_store import Account, key_of
from integrations.sandbox.answers import json_answer
from integrations.sandbox.screen import iso

if TYPE_CHECKING:
    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange

WATCHED_FROM = 80
TWICE_WITHIN = 3600
"""Seconds in which a second stop of the same thing is a 409."""


def scrobble(
    fake: ControlledTrakt, exchange: Exchange, account: Account, *, verb: str, body: Mapping[str, Any]
) -> Response:
    item = _find(fake, body)
    progress = body.get("progress")
    if isinstance(progress, bool) or not isinstance(progress, (int, float)) or not 0 <= progress <= 100:
        raise invalid("progress must be a number from 0 to 100")
    if verb == "stop" and progress < 1:
        raise invalid("progress is too low")
    shown = {"progress": progress, **target_json(item.target)}
    if verb != "stop" or progress < WATCHED_FROM:
        return json_answer({"id": 0, "action": "start" if verb == "start" else "pause", **shown}, 201)
    key = key_of(item.target)
    now = fake.clock.now()
    recent = [play.at for play in account.state.plays.values() if play.key == key and now - play.at < TWICE_WITHIN]
    if recent:
        body = {"watched_at": iso(max(recent)), "expires_at": iso(max(recent) + TWICE_WITHIN)}
        raise Refused(409, data=body)
    ids = {"ids": {"trakt": key[1]}}
    written = add_plays(fake, account, {f"{key[0]}s": [ids]}, action="scrobble")
    exchange.writes += written.writes
    newest = max(account.state.plays, default=0)
    return json_answer({"id": newest, "action": "scrobble", **shown}, 201)


def _find(fake: ControlledTrakt, body: Mapping[str, Any]) -> Item:
    """{"movie"} or {"episode"}, the latter by ids or by its numbers within {"show"}. Raises Refused (404)."""
    movie, episode, show = (body.get(name) for name in ("movie", "episode", "show"))
    if isinstance(movie, dict):
        asked: dict[str, Any] = {"movies": [movie]}
    elif isinstance(episode, dict) and isinstance(show, dict):
        season = {"number": episode.get("season"), "episodes": [{"number": episode.get("number")}]}
        asked = {"shows": [{**show, "seasons": [season]}]}
    else:
        asked = {"episodes": [episode]}
    items = [item for item in resolve(fake, asked).items if item.whole and playable(item, aired=False)]
    if not items:
        raise Refused(404)
    return items[0]
