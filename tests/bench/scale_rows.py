"""Bytes: what a row of each sort costs in PostgreSQL with its indexes, and a message or a budget in Valkey."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.bench.scale_fill import LIST, WRITTEN_OUT
from tests.bench.scale_ticks import GROWING

if TYPE_CHECKING:
    from tests.bench.scale_tables import Bench

SAMPLE = 2_000


def tell_sizes(bench: Bench) -> None:
    from django.db import connection as database

    for table in GROWING:
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), pg_relation_size(%s), pg_indexes_size(%s), pg_total_relation_size(%s) "
                f"FROM {database.ops.quote_name(table)}",
                [table, table, table],
            )
            rows, heap, indexes, total = cursor.fetchone()
        apart = total - heap - indexes
        bench.tell(
            f"table {table}",
            f"{rows:>9,} rows, {total / 2**20:7.0f} MiB: {heap / max(rows, 1):6.0f} B a row, "
            f"{indexes / max(rows, 1):5.0f} B in indexes, {apart / 2**20:.0f} MiB apart",
            {"rows": rows, "heap": heap, "indexes": indexes, "total": total},
        )
    lists = min(WRITTEN_OUT, bench.figures["table syncing_baseline"]["rows"])
    sizes = bench.figures["table syncing_baseline"]
    apart = sizes["total"] - sizes["heap"] - sizes["indexes"]
    bench.tell(
        "a list's baseline",
        f"{apart / lists / LIST:.1f} B an entry ({lists:,} lists of {LIST})",
        {"bytes_an_entry": round(apart / lists / LIST, 2)},
    )


def tell_updates(bench: Bench) -> None:
    """How many of the rewrites that a run without changes makes leave the indexes alone."""
    from django.utils import timezone

    from integrations.models import Connection
    from syncing.models import SyncRun
    from tests.bench.scale_tables import table_state

    ways: dict[str, Any] = {
        "integrations_connection": (Connection, "last_synced_at"),
        "syncing_syncrun": (SyncRun, "finished_at"),
    }
    for table, (model, column) in ways.items():
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
        before = table_state(table)
        # Twice: a page that was filled to the brim has no room for the first new version.
        for pk in (*keys, *keys):
            model.objects.filter(pk=pk).update(**{column: timezone.now()})
        after = table_state(table)
        made, light = (after[name] - before[name] for name in ("n_tup_upd", "n_tup_hot_upd"))
        bench.tell(
            f"rewrites of {table}",
            f"{light / max(made, 1):.0%} of {made:,} left the indexes alone",
            {"updates": made, "hot": light},
        )


def tell_redis(bench: Bench) -> None:
    from celery import current_app

    from integrations.limits import Budget, RedisLimiter
    from integrations.services.providers import redis_client

    client: Any = redis_client()
    client.flushall()
    before = client.info("memory")["used_memory"]
    for number in range(SAMPLE):
        args = [str(uuid.uuid4()), number]
        current_app.send_task("syncing.sync_connection", args=args, queue="anilist", retry=False)
    message = (client.info("memory")["used_memory"] - before) / SAMPLE
    client.flushall()
    RedisLimiter(client, "trakt", [Budget("token", 1_000, 300.0)], token="somebody").acquire()
    scope = sum(client.memory_usage(key) for key in client.scan_iter("*"))
    client.flushall()
    bench.tell(
        "Valkey",
        f"{message:.0f} B a message in a queue, {scope:.0f} B a budget of one person",
        {"message": round(message), "scope": round(scope)},
    )
