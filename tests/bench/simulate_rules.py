"""The house's own rules, taken from its code and settings, in steps of the simulator's clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

STEP = 10.0
"""Seconds: one tick of `start_due_runs`."""
MINUTE = 6
DAY = 8_640


@dataclass(frozen=True, slots=True)
class Rules:
    """In steps and requests; what depends on the addresses is for one.

    requests, burst: in a minute, and at once. share_of_checks: of the requests, theirs whoever else waits. in_line:
    runs by schedule that are out at a time; people: runs of people who wait. batches: in a minute; size, fewest:
    people in one. imminent to longest_unread: as in `ripeness`.
    minutes: of the interval between two looks, by the minutes that a list has been quiet; the last holds from then on.
    """

    requests: float
    share_of_checks: float
    burst: int
    in_line: int
    people: int
    batches: int
    size: int
    fewest: int
    turn: int
    imminent: int
    horizon: int
    late: int
    whole_read: int
    longest_unread: int
    apart: int
    minutes: tuple[float, ...]


def real_rules() -> Rules:
    """As the house has them with nothing in its environment but what the caller has."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.test")
    import django

    django.setup()
    from django.conf import settings

    from integrations.limits import CLASSES
    from integrations.providers import registry
    from integrations.services import budgets
    from integrations.services.providers import settings_for
    from syncing.services import dispatching, fetching, marks, probing, ripeness

    anilist = registry.get("anilist")
    with patch.object(budgets, "_known", lambda slug: {}):
        checks, people = (budgets.checks_of_next_minute(anilist, klass=klass) for klass in ("checks", "interactive"))
        requests = budgets.requests_of_next_minute(anilist)
    assert settings.CELERY_BEAT_SCHEDULE["start-due-runs"]["schedule"] == STEP
    assert settings.CELERY_BEAT_SCHEDULE["probe-batches"]["schedule"] == STEP * MINUTE
    return Rules(
        requests=requests,
        share_of_checks=CLASSES["checks"].share,
        burst=anilist.budgets[0].burst,
        in_line=max(int(checks * dispatching.IN_LINE), 1),
        people=people,
        batches=checks,
        size=anilist.probe_batch,  # type: ignore[attr-defined]
        fewest=probing.FEWEST,
        turn=_steps(timedelta(seconds=probing.TURN_SECONDS)),
        imminent=_steps(ripeness.IMMINENT),
        horizon=_steps(ripeness.HORIZON),
        late=_steps(ripeness.LATE),
        whole_read=_steps(fetching.COMPLETE_AT_LEAST_EVERY),
        longest_unread=_steps(ripeness.LONGEST_UNREAD),
        apart=_steps(marks.APART),
        minutes=_pace_by_minute(settings_for("anilist").interval),
    )


def _steps(span: timedelta) -> int:
    return round(span.total_seconds() / STEP)


def _pace_by_minute(chosen: int) -> tuple[float, ...]:
    """The real function, asked once for each minute until its answer no longer grows."""
    from syncing.core.pace import pace
    from syncing.services.pacing import bounds

    limits = bounds()
    last = int(limits.middle * limits.slowest**2) + 1
    return tuple(pace(chosen, float(quiet), bounds=limits).minutes for quiet in range(last + 1))
