"""Taking rows of the schedule: found, locked, held and told back, on PostgreSQL in one statement."""

from __future__ import annotations

from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import F, QuerySet

from syncing.models import Schedule


def take(rows: QuerySet[Schedule], *, until: datetime, begun_at: datetime | None = None) -> list[Schedule]:
    """Hold what `rows` selects, and give it as it is from then on, in any order. rows: of this table alone, no joins.

    No row is given to two takers: one that another has its hand on is skipped where the database can do that, and on
    SQLite the whole is one immediate transaction. There it takes two statements: SQLite gives changed rows back only
    from 3.35 on, and some systems' Python 3.11 has an older one.
    """
    if not database.features.has_select_for_update_skip_locked:
        return _take_in_two(rows, until=until, begun_at=begun_at)
    picked, values = rows.values("pk").query.sql_with_params()
    return list(Schedule.objects.raw(_statement(picked), [until, begun_at, *values]))


def _statement(picked: str) -> str:
    """An array is made once. In a plain subquery the planner may run the LIMIT again for each row, and take more than
    that; joined with it, it may read the whole table to find the rows a second time."""
    quote, meta = database.ops.quote_name, Schedule._meta
    columns = {field.name: quote(field.column) for field in meta.concrete_fields if field.column}
    key, token, until, begun = (columns[name] for name in ("connection", "lease_token", "lease_until", "begun_at"))
    told = ", ".join(columns.values())
    return (
        f"UPDATE {quote(meta.db_table)} SET {token} = {token} + 1, {until} = %s, {begun} = %s "  # noqa: S608 - our names
        f"WHERE {key} = ANY(ARRAY({picked} FOR UPDATE SKIP LOCKED)) RETURNING {told}"
    )


def _take_in_two(rows: QuerySet[Schedule], *, until: datetime, begun_at: datetime | None) -> list[Schedule]:
    with transaction.atomic():
        found = list(rows)
        Schedule.objects.filter(pk__in=[row.pk for row in found]).update(
            lease_token=F("lease_token") + 1, lease_until=until, begun_at=begun_at
        )
    for row in found:
        row.lease_token, row.lease_until, row.begun_at = row.lease_token + 1, until, begun_at
    return found
