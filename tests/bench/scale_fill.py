"""A house with many people, written by PostgreSQL itself: a million take minutes, where rows one by one take hours.

Person n has one connection; everything about them follows from n, so that two fills are the same but for the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from django.db import connection as database
from django.db import models
from psycopg.types.json import Jsonb

from accounts.models import User
from integrations.models import Connection
from library.entry import Entry, Kind, PartialDate, Status
from library.models import Library, ListEntry, Media
from syncing.core.model import Memory, Track
from syncing.models import Baseline, Change, Schedule, SyncRun, Unmatched
from syncing.services.baselines import Ledger, pack

LIST = 500
"""Entries of a list, as in the arithmetic of docs/scale.md."""
WORKS = 1_000
WRITTEN_OUT = 10_000
"""So many people have their baseline's data written out; for the others the row alone, which is what ticks touch."""
ENTRIES_OF = 0.02
"""Of these, so many have their entries written out."""

# Where a number between 0 and 1 is wanted that follows from n and looks like chance. hashint4 is PostgreSQL's own.
DRAW = "((hashint4(n) & 2147483647) / 2147483648.0)"
OTHER_DRAW = "((hashint4(n + 1073741824) & 2147483647) / 2147483648.0)"
USER, CONNECTION = "md5('person ' || n)::uuid", "md5('link ' || n)::uuid"
PROVIDER = (
    "(ARRAY['anilist', 'anilist', 'anilist', 'anilist', 'myanimelist', 'myanimelist', 'kitsu', 'trakt'])[1 + n % 8]"
)
DUE = f"now() + ({DRAW} * 24 - 2) * interval '1 hour'"
"""A twelfth is overdue, by up to two hours."""
MARK = (
    f"CASE WHEN {OTHER_DRAW} < 0.15 THEN '!' || (extract(epoch FROM now())::bigint + 80000) "
    f"WHEN {OTHER_DRAW} < 0.2 THEN '?anime:' || n || '@1790000000/120 manga:-/0 POINT_10' "
    "ELSE 'anime:' || n || '@1790000000/120 manga:-/0 POINT_10' END"
)
"""Of a hundred lists 15 say nothing to others and 5 wait for their own run."""
TOKEN = "decode(repeat(md5(n::text), 66), 'hex')"
"""1,056 bytes: AniList's token of a thousand, sealed."""


def fill(count: int, *, written_out: int = WRITTEN_OUT) -> dict[str, float]:
    """Into empty tables; seconds by step."""
    written_out = min(written_out, count)
    took: dict[str, float] = {}
    with _timed("people", took):
        password = "'argon2$' || repeat(md5(n::text), 3)"
        insert(User, count, {"id": USER, "email": "'p' || n || '@example.org'", "password": password})
        insert(Library, count, {"user_id": USER, "revision": "5"})
    with _timed("connections", took):
        _add_connections(count)
    with _timed("schedules", took):
        insert(Schedule, count, {"connection_id": CONNECTION, "user_id": USER, "provider": PROVIDER, "due_at": DUE})
    with _timed("baselines", took):
        _add_baselines(count, written_out)
    with _timed("books", took):
        _add_books(count)
        _add_entries(int(written_out * ENTRIES_OF))
    with _timed("vacuum", took), database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return took


def insert(model: type[models.Model], count: int, given: Mapping[str, str], *, first: int = 0) -> None:
    """`count` rows, n from `first` on. given: {column: SQL over n}; the other columns have the field's default."""
    columns, parts, values = [], [], []
    for field in model._meta.concrete_fields:
        assert field.column is not None
        if field.column not in given and isinstance(field, models.AutoField | models.BigAutoField):
            continue
        columns.append(database.ops.quote_name(field.column))
        if field.column in given:
            parts.append(given[field.column].replace("%", "%%"))
        else:
            parts.append("%s")
            values.append(_default(field))
    statement = (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(parts)} FROM generate_series({first}, {first + count - 1}) AS n"
    )
    with database.cursor() as cursor:
        cursor.execute(statement, values)


def _default(field: Any) -> Any:
    from django.utils import timezone

    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return timezone.now()
    value = field.get_default()
    return Jsonb(value) if isinstance(field, models.JSONField) else field.get_db_prep_save(value, database)


def _add_connections(count: int) -> None:
    insert(
        Connection,
        count,
        {
            "id": CONNECTION,
            "user_id": USER,
            "provider": PROVIDER,
            "account_id": "(100000 + n)::text",
            "account_name": "'person' || n",
            "access_token": TOKEN,
            "token_expires_at": "now() + interval '300 days'",
            # Renewals and notices, spread over a year; none is due while ticks are measured.
            "token_due_at": "now() + (1 + n % 365) * interval '1 day'",
            "approved_at": "now() - interval '200 days'",
            "last_synced_at": f"{DUE} - interval '6 hours'",
            "moved_at": f"now() - {OTHER_DRAW} * interval '60 days'",
        },
    )


def _add_baselines(count: int, written_out: int) -> None:
    common = {
        "connection_id": CONNECTION,
        "user_id": USER,
        "digest": "repeat('d', 48)",
        "probe_mark": MARK,
        "library_revision": f"CASE WHEN {DRAW} < 0.02 THEN 4 ELSE 5 END",
        # A fifth was not read whole for more than a day.
        "complete_at": f"now() - {OTHER_DRAW} * interval '30 hours'",
        "tracks": str(LIST),
    }
    insert(Baseline, written_out, common | {"data": f"decode('{pack(made_ledger()).hex()}', 'hex')"})
    insert(Baseline, count - written_out, common, first=written_out)


def _add_books(count: int) -> None:
    """What upkeep walks over: the row of folded runs each, some entries without a counterpart, some changes."""
    run = "md5('run ' || n)::uuid"
    insert(
        SyncRun,
        count,
        {
            "id": run,
            "user_id": USER,
            "connection_id": CONNECTION,
            "provider": PROVIDER,
            "state": "'done'",
            "trigger": "'schedule'",
            "started_at": f"now() - {OTHER_DRAW} * interval '300 days'",
            "finished_at": f"{DUE} - interval '6 hours'",
        },
    )
    insert(Media, WORKS, {"kind": "'anime'", "title": "'Work ' || n"})
    first = Media.objects.order_by("pk").values_list("pk", flat=True)[0]
    own = {"user_id": USER, "connection_id": CONNECTION}
    insert(
        Unmatched,
        count // 5,
        own
        | {
            "kind": "'anime'",
            "remote_id": "CASE WHEN n % 2 = 0 THEN (n % 5000)::text ELSE '' END",
            "media_id": f"CASE WHEN n % 2 = 1 THEN {first} + n % {WORKS} END",
            "reason": "'unknown'",
            "retry_at": f"now() + (0.01 + {DRAW}) * interval '30 days'",
        },
    )
    changed = {"kind": "'anime'", "side": "'anilist'", "source": "'myanimelist'", "action": "'update'"}
    changed |= {"before": "'{\"progress\": 3}'", "after": "'{\"progress\": 4}'", "state": "'applied'"}
    changed |= {"remote_id": "n::text", "title": "'A title of usual length'", "reason": "'side_edit'"}
    changed |= {"run_id": run, "media_id": f"{first} + n % {WORKS}", "settled_at": "now()"}
    changed["created_at"] = f"now() - (1 - n / {max(count // 5, 1)}.0) * interval '300 days'"
    insert(Change, count // 5, own | changed)


def _add_entries(people: int) -> None:
    first = Media.objects.order_by("pk").values_list("pk", flat=True)[0]
    insert(
        ListEntry,
        people * LIST,
        {
            "user_id": f"md5('person ' || (n / {LIST}))::uuid",
            "media_id": f"{first} + n % {LIST}",
            "status": "'completed'",
            "progress": "12",
            "stamps": '\'{"status": [1790000000.0, "anilist", ""], "progress": [1790000000.0, "anilist", ""]}\'',
            "revision": "5",
        },
    )


def made_ledger() -> Ledger:
    """What is remembered of a list of LIST entries, no two alike."""
    ledger = Ledger()
    for number in range(LIST):
        date = PartialDate(2010 + number % 15, 1 + number % 12, 1 + number % 28)
        entry = Entry(Status.COMPLETED, 12, 0, number % 11 * 10, date, date, number % 3, "", False)
        remote_id = str(1_000 + number * 7919 % 160_000)
        track = Track(Kind.ANIME, remote_id, number + 1, Memory(entry, entry), str(400_000_000 + number * 104_729))
        ledger.tracks[Kind.ANIME, remote_id] = track
    return ledger


@contextmanager
def _timed(name: str, took: dict[str, float]) -> Iterator[None]:
    started = perf_counter()
    yield
    took[name] = round(perf_counter() - started, 1)
