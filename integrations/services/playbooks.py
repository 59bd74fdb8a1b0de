"""The plays that were sent for a connection, kept in the database so that none is ever sent twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Connection, Play, PlayState
from library.episodes.model import Item

CHUNK = 1000
"""Items in one statement."""

# One statement: of two workers with the same item exactly one is given it, the other waits for it and then is not.
_BOOK = {
    "postgresql": """
        INSERT INTO integrations_play (user_id, connection_id, account_id, item, watched_at, state, sent_at)
        SELECT %s, %s, %s, item, watched_at, 'doubtful', %s
        FROM unnest(%s::text[], %s::timestamptz[]) AS given (item, watched_at)
        ON CONFLICT (connection_id, account_id, item) DO NOTHING
        RETURNING item
    """,
    "sqlite": """
        INSERT INTO integrations_play (user_id, connection_id, account_id, item, watched_at, state, sent_at)
        SELECT %s, %s, %s, json_extract(value, '$[0]'), json_extract(value, '$[1]'), 'doubtful', %s
        FROM json_each(%s) WHERE true
        ON CONFLICT (connection_id, account_id, item) DO NOTHING
        RETURNING item
    """,
}


class DatabasePlayBook:
    """`integrations.atlas.PlayBook` for one connection and the account that it has now. Not used inside a transaction:
    what it writes has to outlive a crash of the run."""

    def __init__(self, connection: Connection) -> None:
        self._user_id = connection.user_id
        self._connection_id = connection.pk
        self._account_id = connection.account_id

    def sent(self, items: Collection[Item]) -> dict[Item, datetime | None]:
        by_name = {str(item): item for item in items}
        found: dict[Item, datetime | None] = {}
        for rows in self._rows(by_name):
            for name, state, sent_at in rows.values_list("item", "state", "sent_at"):
                found[by_name[name]] = None if state == PlayState.DONE else sent_at
        return found

    def book(self, items: Mapping[Item, datetime | None]) -> frozenset[Item]:
        by_name = {str(item): item for item in items}
        new: set[Item] = set()
        with transaction.atomic(durable=True), database.cursor() as cursor:
            # In one order everywhere: two workers with the same items would wait for each other for ever.
            for chunk in _chunks(sorted(by_name)):
                given = [(name, items[by_name[name]]) for name in chunk]
                cursor.execute(_BOOK[database.vendor], self._parameters(given))
                new |= {by_name[name] for (name,) in cursor.fetchall()}
        return frozenset(new)

    def confirm(self, items: Collection[Item]) -> None:
        with transaction.atomic(durable=True):
            for rows in self._rows(str(item) for item in items):
                rows.filter(state=PlayState.DOUBTFUL).update(state=PlayState.DONE)

    def withdraw(self, items: Collection[Item]) -> None:
        """What is known to be recorded stays: another read, perhaps a stale one, does not make it undone."""
        with transaction.atomic(durable=True):
            for rows in self._rows(str(item) for item in items):
                rows.filter(state=PlayState.DOUBTFUL).delete()

    def _rows(self, names: Iterable[str]) -> Iterator[QuerySet[Play]]:
        mine = Play.objects.filter(connection_id=self._connection_id, account_id=self._account_id)
        return (mine.filter(item__in=chunk) for chunk in _chunks(sorted(names)))

    def _parameters(self, given: list[tuple[str, datetime | None]]) -> list[Any]:
        user_id = Play._meta.get_field("user").get_db_prep_value(self._user_id, database)
        connection_id = Play._meta.get_field("connection").get_db_prep_value(self._connection_id, database)
        now = database.ops.adapt_datetimefield_value(timezone.now())
        whose = [user_id, connection_id, self._account_id, now]
        if database.vendor == "postgresql":
            return [*whose, [name for name, _ in given], [at for _, at in given]]
        times = [(name, at and database.ops.adapt_datetimefield_value(at)) for name, at in given]
        return [*whose, json.dumps(times)]


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(names)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
