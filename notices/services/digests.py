"""Once a week, for who wants it: what happened to a person's lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.utils import timezone

from integrations.providers import registry
from notices.events import Event
from notices.models import Channel
from notices.services.writing import Told, tell
from syncing.models import Review, ReviewState, RunState, SyncRun

WEEK = timedelta(days=7)
MOST = 2_000
"""People looked up at once."""


def write_digests() -> int:
    """For each person with a channel that wants it, once in a calendar week. Returns how many people were told."""
    now = timezone.now()
    year, week, _ = now.isocalendar()
    key = f"{year}-W{week:02d}"
    told = Q(notices__event=Event.DIGEST, notices__key=key)
    # A JSON list: looked for as text, which works on every database.
    wanting = Channel.objects.filter(is_on=True, user__is_active=True, events__icontains=f'"{Event.DIGEST}"')
    waiting = wanting.annotate(done=Count("notices", filter=told)).filter(done=0)
    people, count = waiting.order_by("user_id").values_list("user_id", flat=True).distinct(), 0
    some = list(people[:MOST])
    while some:
        count += sum(_write(user_id, key) for user_id in some)
        some = list(people.filter(user_id__gt=some[-1])[:MOST])
    return count


def _write(user_id: UUID, key: str) -> bool:
    rows = SyncRun.objects.filter(user_id=user_id, started_at__gt=timezone.now() - WEEK).order_by()
    figures = list(
        rows.values("provider")
        .annotate(
            checks=Sum("checks"),
            taken=Sum("library_changes"),
            written=Sum("writes"),
            failed=Count("pk", filter=Q(state=RunState.FAILED)),
        )
        .order_by("provider")
    )
    open_ = Review.objects.filter(user_id=user_id, state=ReviewState.OPEN).count()
    lines = [_line(row) for row in figures] or ["No list was synced this week."]
    if open_:
        lines.append(f"{open_} question{'s' if open_ != 1 else ''} wait{'s' if open_ == 1 else ''} for your answer.")
    data = {"services": figures, "reviews": open_}
    told = Told(Event.DIGEST, key, subject="Your week", text="\n".join(lines), data=data)
    return tell(user_id, told) > 0


def _line(row: Mapping[str, Any]) -> str:
    slug = str(row["provider"])
    try:
        name = registry.get(slug).name
    except registry.UnknownProvider:
        name = "Files"
    line = f"{name}: looked at {row['checks']} times, {row['taken']} taken in, {row['written']} written there"
    return f"{line}, {row['failed']} times something went wrong." if row["failed"] else f"{line}."
