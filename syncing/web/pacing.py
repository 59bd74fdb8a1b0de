"""How often a list is checked, and why, in human words."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from integrations.models import Connection
from integrations.providers import registry
from library.entry import Kind
from library.words import kind_words
from syncing.core.pace import Pace, Tendency
from syncing.services import pacing
from syncing.services.rules import kinds_of

HOUR, DAY = 60, 24 * 60


def describe_pace(connection: Connection) -> str:
    """One sentence; one a kind where kinds have intervals of their own."""
    if not connection.automatic:
        return "Only checked and changed when you ask: it does not sync by itself."
    if not connection.intervals:
        return _sentence("Checked", pacing.pace_of(connection), connection)
    kinds = sorted(kinds_of(connection, registry.get(connection.provider)))
    return " ".join(_of_kind(kind, connection) for kind in kinds)


def every_words(minutes: float) -> str:
    """ "every 3 hours": rounded to what a person would say."""
    if minutes < HOUR - 2.5:
        return f"every {max(5 * round(minutes / 5), 5)} minutes"
    unit, name = (DAY, "day") if minutes >= DAY - HOUR / 2 else (HOUR, "hour")
    count = round(minutes / unit)
    return f"every {name}" if count <= 1 else f"every {count} {name}s"


def _of_kind(kind: Kind, connection: Connection) -> str:
    return _sentence(f"{kind_words(str(kind))}: checked", pacing.pace_of(connection, kind), connection)


def _sentence(begin: str, pace: Pace, connection: Connection) -> str:
    often = f"{begin} {every_words(pace.minutes)}"
    since = pacing.quiet_since(connection)
    if pace.tendency is Tendency.CHOSEN or since is None:
        return f"{often}."
    if pace.tendency is Tendency.OFTENER:
        return f"{often} at the moment, because something changed there lately."
    return f"{often} at the moment, because nothing has changed there for {_long_words(timezone.now() - since)}."


def _long_words(quiet: timedelta) -> str:
    if quiet < timedelta(hours=47):
        hours = max(round(quiet / timedelta(hours=1)), 1)
        return "an hour" if hours == 1 else f"{hours} hours"
    return f"{round(quiet / timedelta(days=1))} days"
