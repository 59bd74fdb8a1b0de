"""Whether a service can be asked now, as all workers together know it: for who hands out work, and for people who wait.

An outage is the service's and nobody's own: while it lasts no run is begun, and afterwards one goes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from integrations.breaker import Condition, condition
from integrations.errors import Unavailable
from integrations.providers import registry
from integrations.services import figures, providers

LONG_WAIT = 30.0
"""Seconds of a penalty that people are told of; shorter ones are over before a page is read."""


class Door(StrEnum):
    """AJAR: it was away, and may be tried by one."""

    OPEN = "open"
    AJAR = "ajar"
    SHUT = "shut"


_DOORS = {"closed": Door.OPEN, "half_open": Door.AJAR, "open": Door.SHUT}


@dataclass(frozen=True, slots=True)
class Outage:
    """why: away (it does not answer), busy (it wants to be left alone), off (switched off here), or unknown (our own
    counter is away). seconds: until it is tried again, 0 = that is not known."""

    why: str
    seconds: float = 0.0


def door_of(slug: str) -> Door:
    """Shut as well without Redis, where no call is made, and where the operator has switched it off."""
    if not providers.is_enabled(slug):
        return Door.SHUT
    try:
        return _DOORS[condition(providers.redis_client(), slug).state]
    except Unavailable:
        return Door.SHUT


def away_for(slug: str) -> float | None:
    """Seconds until it may be tried again, where it has been away for all; None where it has not, or nobody knows."""
    try:
        breaker = condition(providers.redis_client(), slug)
    except Unavailable:
        return None
    return None if breaker.state == "closed" else breaker.open_for


def outages_of(slugs: Iterable[str]) -> dict[str, Outage]:
    """Of these services those that cannot be asked now. Never raises for Redis, and waits for it once."""
    found: dict[str, Outage] = {}
    for slug in slugs:
        if "unknown" in {outage.why for outage in found.values()}:
            found[slug] = Outage("unknown")
        elif (outage := _outage_of(slug)) is not None:
            found[slug] = outage
    return found


def _outage_of(slug: str) -> Outage | None:
    standing = figures.standing_of(registry.get(slug))
    if not standing.is_enabled:
        return Outage("off")
    if not standing.is_known:
        return Outage("unknown")
    if standing.breaker.state != "closed":
        return Outage("away", _until_tried(standing.breaker))
    return Outage("busy", standing.blocked_for) if standing.blocked_for >= LONG_WAIT else None


def _until_tried(breaker: Condition) -> float:
    return max(breaker.open_for, 0.0)
