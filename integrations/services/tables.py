"""When the public id tables are looked at, and what comes of it. id-mapping.md 3, read 2026-11-25."""

from __future__ import annotations

import random
from datetime import timedelta

import httpx
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.errors import ProviderError
from integrations.services.fetching import NOTHING_KNOWN, fetched
from library.mappings.sources import SOURCES, Source
from library.mappings.starter import FILE as STARTER_FILE
from library.models import IdTable, TableState
from library.services.id_tables import Origin, Outcome, import_table, is_current, note_failure, note_unchanged

DUE_HOURS = (22.0, 26.0)
"""After a good look. Drawn anew each time, so that not all installations ask in the same minute."""
RETRY_HOURS = (1.5, 2.5)
"""After a look that failed, or whose worker died."""


def update_table(source: Source, *, force: bool = False, client: httpx.Client | None = None) -> Outcome | None:
    """Fetches a table if its host has another one, and imports it. None when its address is empty (switched off)."""
    if source.is_ours:
        with STARTER_FILE.open("rb") as file:
            return import_table(source, file, force=force)
    url = url_of(source.slug)
    if not url:
        return None
    table = IdTable.objects.filter(source=source.slug).first()
    known = Origin(table.etag, table.modified) if table and is_current(table) and not force else NOTHING_KNOWN
    try:
        with fetched(url, known=known, client=client) as download:
            if download.file is None:
                return note_unchanged(source)
            return import_table(source, download.file, origin=download.origin, force=force)
    except ProviderError as error:
        return note_failure(source, error.message)


def url_of(slug: str) -> str:
    """Where a table is; "" = nowhere. With a sandbox nothing leaves this machine."""
    return "" if settings.SANDBOX_URL else str(settings.ID_TABLES.get(slug, ""))


def claim_due(*, draw: random.Random | None = None) -> list[str]:
    """Slugs of the tables to look at now. Who claims one has it alone: a second tick finds it looked at."""
    dice = draw or random.Random()  # noqa: S311 (jitter)
    now = timezone.now()
    claimed = []
    for source in SOURCES.values():
        if not source.is_ours and not url_of(source.slug):
            continue
        IdTable.objects.get_or_create(source=source.slug)
        good = now - timedelta(hours=dice.uniform(*DUE_HOURS))
        bad = now - timedelta(hours=dice.uniform(*RETRY_HOURS))
        missed = Q(state=TableState.FAILED) | Q(imported_at=None)
        is_due = Q(checked_at=None) | Q(checked_at__lt=good) | (missed & Q(checked_at__lt=bad))
        if IdTable.objects.filter(is_due, source=source.slug).update(checked_at=now):
            claimed.append(source.slug)
    return claimed
