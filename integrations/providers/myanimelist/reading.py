"""A person's whole list of one kind, page by page.

Pages by offset are no snapshot: an edit or a removal between two pages moves rows, and then a title may be on none
of them. So each page begins with the last row of the one before: when another row is there, the list has moved.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from integrations.errors import Malformed, RateLimited, Transient, Unavailable
from integrations.http import Session
from integrations.providers.base import RemoteEntry, Snapshot, Unclear
from integrations.providers.lenient import number_ids
from integrations.providers.myanimelist import client, convert
from integrations.providers.myanimelist.judging import SLUG
from integrations.providers.unclear import count_words, require_number, unclear_entry
from library.entry import Kind

PAGE = 1000
SMALLER_PAGE = 250
"""Asked for when MyAnimeList could not manage a full page in time."""
MOST_ROWS = 100_000
"""More works than MyAnimeList has of both kinds. A list with more never ends."""
TRIES = 2
_ROWS: dict[Kind, type[client.Row]] = {Kind.ANIME: client.AnimeRow, Kind.MANGA: client.MangaRow}


@dataclass(slots=True)
class Harvest:
    """steady: nothing moved between the pages. unclear: rows that could not be understood, by the id of their work;
    broken: how many did not even say that."""

    found: dict[str, RemoteEntry] = field(default_factory=dict)
    unclear: dict[str, Unclear] = field(default_factory=dict)
    broken: int = 0
    steady: bool = True


def count_requests(entries: int) -> int:
    """Requests for a list of this length, when nothing goes wrong."""
    return 1 if entries <= PAGE else 1 + -(-(entries - PAGE) // (PAGE - 1))


def read_lists(session: Session, kinds: Collection[Kind]) -> Snapshot:
    """Raises ProviderError rather than give a list that was cut short."""
    harvests = {kind: _read_kind(session, kind) for kind in sorted(kinds)}
    reasons: list[str] = []
    for kind, harvest in harvests.items():
        if not harvest.steady:
            reasons.append(f"The {kind} list changed while it was read.")
        reasons.append(count_words("MyAnimeList", harvest.broken + len(harvest.unclear), kind))
    return Snapshot(
        tuple(entry for harvest in harvests.values() for entry in harvest.found.values()),
        frozenset(kinds),
        complete=all(harvest.steady and not harvest.broken for harvest in harvests.values()),
        reason=" ".join(filter(None, reasons)),
        unclear=tuple(one for harvest in harvests.values() for one in harvest.unclear.values()),
    )


def _read_kind(session: Session, kind: Kind) -> Harvest:
    """Read anew when the list moved; what the last try saw is given in any case, marked as not steady."""
    for _ in range(TRIES - 1):
        harvest = _walk(session, kind, stops=True)
        if harvest.steady:
            return harvest
    return _walk(session, kind, stops=False)


def _walk(session: Session, kind: Kind, *, stops: bool) -> Harvest:
    """All pages. `stops`: give up at the first sign that the list moved."""
    harvest, offset, limit, last = Harvest(), 0, PAGE, ""
    while True:
        page, limit = _fetch(session, kind, offset=offset, limit=limit)
        ids = [_id_of(row) for row in page.data]
        if offset and ids[:1] != [last]:
            harvest.steady = False
            if stops:
                return harvest
        for row in page.data[1:] if offset and harvest.steady else page.data:
            _add(harvest, kind, row)
        if page.paging.next is None:
            break
        if len(page.data) < 2 or offset > MOST_ROWS:
            raise Malformed("MyAnimeList's list does not end.", provider=SLUG, path="$.paging.next")
        offset, last = offset + len(page.data) - 1, ids[-1]
    if (harvest.broken or harvest.unclear) and not harvest.found:
        raise Malformed("No entry of MyAnimeList's list could be understood.", provider=SLUG, path="$.data")
    return harvest


def _fetch(session: Session, kind: Kind, *, offset: int, limit: int) -> tuple[client.Page, int]:
    """A page, and the limit that worked."""
    if limit == PAGE:
        try:
            return client.fetch_page(session, kind, offset=offset, limit=PAGE, repeatable=False), PAGE
        except (RateLimited, Unavailable):
            raise
        except Transient:
            limit = SMALLER_PAGE
    return client.fetch_page(session, kind, offset=offset, limit=limit, repeatable=True), limit


def _id_of(row: msgspec.Raw) -> str:
    try:
        return str(msgspec.json.decode(row, type=client.RowId).node.id)
    except msgspec.MsgspecError:
        return "?"


def _add(harvest: Harvest, kind: Kind, row: msgspec.Raw) -> None:
    """A row that cannot be understood is left out: it must not cost the others, whatever is wrong with it."""
    try:
        entry = convert.read_row(kind, msgspec.json.decode(row, type=_ROWS[kind]))
        require_number(entry.media.external_id)
    except Exception as error:  # noqa: BLE001 - told by `unclear`
        external_id = _id_of(row)
        if number_ids([external_id]):
            harvest.unclear[external_id] = unclear_entry(kind, external_id, error)
            harvest.found.pop(external_id, None)
        else:
            harvest.broken += 1
        return
    harvest.unclear.pop(entry.media.external_id, None)
    # A title that comes twice moved while we read: the row read later is the newer one.
    harvest.found[entry.media.external_id] = entry
