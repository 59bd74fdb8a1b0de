"""Importing an id table: read, checked, compared with what is stored, and only then changed, all at once."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from library.mappings.said import Suspicious, TableError
from library.mappings.sources import RULES, Source
from library.models import IdTable, TableState
from library.services import id_rows
from library.services.conflicts import count_conflicts, mark_conflicts
from library.services.id_content import Content, digest_of, read_content

log = logging.getLogger(__name__)
MOST_CHANGED = 0.02
"""Of what is known, at one import (id-mapping.md 5.5). Independent tables differ by less than 0.1 %."""
LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """What the host said of the content, for the next conditional request."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one import ended. figures: as stored on the table's row. is_changed: rows of ours were compared anew."""

    source: str
    state: TableState
    message: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    is_changed: bool = False


def import_table(source: Source, stream: BinaryIO, *, origin: Origin | None = None, force: bool = False) -> Outcome:
    """Takes a table over. `stream`: seekable, plain or gzip.

    Whatever is wrong with it is in the outcome and on the table's row, and what was in use before stays so.
    force: read again although nothing changed, and believe it although it is small or changed much.
    """
    table, _ = IdTable.objects.get_or_create(source=source.slug)
    try:
        return _import(source, table, stream, origin=origin or Origin(), force=force)
    except TableError as error:
        state = TableState.REFUSED if isinstance(error, Suspicious) else TableState.FAILED
        return note_failure(source, error.message, state=state)


def note_failure(source: Source, message: str, *, state: TableState = TableState.FAILED) -> Outcome:
    """A look at a table that led to nothing."""
    log.warning("id table %s: %s", source.slug, message)
    table, _ = IdTable.objects.get_or_create(source=source.slug)
    table.state, table.message, table.checked_at = state, message[:LONGEST_MESSAGE], timezone.now()
    table.save(update_fields=["state", "message", "checked_at"])
    return Outcome(source.slug, state, table.message, table.figures)


def note_unchanged(source: Source) -> Outcome:
    """The content in use is still what the host has."""
    table = IdTable.objects.get(source=source.slug)
    table.state, table.message, table.checked_at = TableState.GOOD, "", timezone.now()
    table.save(update_fields=["state", "message", "checked_at"])
    return Outcome(source.slug, TableState.GOOD, "unchanged", table.figures)


def is_current(table: IdTable) -> bool:
    """What is stored came out of the content by the rules of today."""
    return bool(table.digest) and table.figures.get("rules") == RULES


def _import(source: Source, table: IdTable, stream: BinaryIO, *, origin: Origin, force: bool) -> Outcome:
    started = time.perf_counter()
    digest = digest_of(stream)
    if not force and table.digest == digest and is_current(table):
        IdTable.objects.filter(pk=table.pk).update(etag=origin.etag[:255], modified=origin.modified[:64])
        return note_unchanged(source)
    content = read_content(source, stream)
    _check_size(source, table, content, force=force)
    figures = content.figures()
    pairs = id_rows.compare_pairs(source.slug, content.pairs)
    ranges = id_rows.compare_ranges(source.slug, content.ranges)
    if not (force or source.is_ours or not is_current(table)):
        _check_change("pairs", pairs)
        _check_change("ranges", ranges)
    now = timezone.now()
    with transaction.atomic():
        if not _lock(table):
            return Outcome(source.slug, TableState(table.state), "another import was faster", table.figures)
        id_rows.store_pairs(source.slug, pairs, now)
        id_rows.store_ranges(source.slug, ranges, now)
        mark_conflicts()
        for name in ("added", "gone", "back", "changed"):
            figures[name] = len(getattr(pairs, name)) + len(getattr(ranges, name))
        figures["conflicts"] = count_conflicts(source.slug)
        figures["seconds"] = round(time.perf_counter() - started, 2)
        _take(table, digest, origin, figures=figures, now=now)
    log.info("id table %s: %s", source.slug, ", ".join(f"{name} {value}" for name, value in figures.items()))
    return Outcome(source.slug, TableState.GOOD, "", figures, is_changed=True)


def _check_size(source: Source, table: IdTable, content: Content, *, force: bool) -> None:
    if force:
        return
    if content.rows < source.least:
        raise Suspicious(f"It has {content.rows} rows; at least {source.least} were expected.")
    before = table.figures.get("rows", 0)
    if not source.is_ours and content.rows < before * (1 - MOST_CHANGED):
        raise Suspicious(f"It has {content.rows} rows; there were {before}.")


def _check_change(what: str, change: id_rows.Change[Any]) -> None:
    if len(change.gone) > MOST_CHANGED * change.known:
        raise Suspicious(
            f"{len(change.gone)} of {change.known} known {what} would change or go, more than {MOST_CHANGED:.0%}."
        )


def _lock(table: IdTable) -> bool:
    """One import at a time, since conflicts are among all tables. False when this one was imported meanwhile."""
    rows = {row.pk: row for row in IdTable.objects.select_for_update().order_by("pk")}
    mine = rows.get(table.pk)
    return mine is not None and mine.imported_at == table.imported_at


def _take(table: IdTable, digest: str, origin: Origin, *, figures: dict[str, Any], now: datetime) -> None:
    table.state, table.message, table.figures = TableState.GOOD, "", figures
    table.digest, table.etag, table.modified = digest, origin.etag[:255], origin.modified[:64]
    table.imported_at = table.checked_at = now
    table.save(update_fields=["state", "message", "figures", "digest", "etag", "modified", "imported_at", "checked_at"])
