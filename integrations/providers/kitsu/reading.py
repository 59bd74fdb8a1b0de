"""A person's whole list of one kind, page by page.

Pages by offset are no snapshot. They come in the order of their ids, so that an edit moves nothing, and a removal or an
addition between two pages is seen by the count that each page tells. One of each at once is not: see README.md.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec

from integrations.errors import Malformed, RateLimited, Transient, Unavailable
from integrations.http import Session
from integrations.providers.base import MediaFacts, RemoteEntry, Snapshot, Unclear
from integrations.providers.kitsu import client, convert, owner, shapes
from integrations.providers.kitsu.judging import SLUG
from integrations.providers.unclear import count_words, place_of, require_number, unclear_entry
from library.entry import InvalidEntry, Kind

log = logging.getLogger(__name__)

PAGE_SIZES = (client.LIST_PAGE, 250, 100, 50)
"""Tried in this order, at the same offset, when Kitsu could not manage a page in time."""
MOST_ROWS = 100_000
"""More works than Kitsu has of both kinds. A list with more never ends."""
TRIES = 2
SFW_NOTE = "kitsu.sfw_filter"
"""In `Session.notes`: the SFW filter as the last read told it."""
TOTALS_NOTE = "kitsu.totals"
"""In `Session.notes`: {(kind, media id): total}, as this run read it."""
_ROWS: dict[Kind, type[shapes.Row]] = {Kind.ANIME: shapes.AnimeRow, Kind.MANGA: shapes.MangaRow}
_LINKS: dict[Kind, type[shapes.RowLinks]] = {Kind.ANIME: shapes.AnimeRowLinks, Kind.MANGA: shapes.MangaRowLinks}


@dataclass(slots=True)
class Harvest:
    """rows: ids of all rows, the broken and the invisible ones too. counts: how many there are, as the pages said.
    unclear: rows that could not be understood, by the id of their work; broken: how many did not even say that."""

    found: dict[str, RemoteEntry] = field(default_factory=dict)
    unclear: dict[str, Unclear] = field(default_factory=dict)
    rows: set[str | bytes] = field(default_factory=set)
    broken: int = 0
    invisible: int = 0
    counts: set[int] = field(default_factory=set)
    user: shapes.User | None = None

    @property
    def steady(self) -> bool:
        return self.counts == {len(self.rows)}


def count_requests(entries: int) -> int:
    """Requests for a list of this length, when nothing goes wrong."""
    return max(1, -(-entries // client.LIST_PAGE))


def read_lists(session: Session, kinds: Collection[Kind]) -> Snapshot:
    """Raises ProviderError rather than give a list that was cut short, or what a stranger may see."""
    owner.known_user(session)
    harvests = {kind: _read_kind(session, kind) for kind in sorted(kinds)}
    user = next((one.user for one in harvests.values() if one.user), None) or owner.require_self(session)
    account = convert.read_account(user)
    reasons = [_sfw_moved(session, account.settings.get("sfw_filter"))]
    for kind, harvest in harvests.items():
        reasons += _incompleteness(kind, harvest)
    is_complete = not any(reasons)
    # Of those whose work is known it is known too that they are there.
    reasons += [count_words("Kitsu", harvest.broken + len(harvest.unclear), kind) for kind, harvest in harvests.items()]
    session.notes[SFW_NOTE] = account.settings.get("sfw_filter")
    entries = tuple(entry for harvest in harvests.values() for entry in harvest.found.values())
    session.notes[TOTALS_NOTE] = {(one.media.kind, one.media.external_id): one.media.total for one in entries}
    unclear = tuple(one for harvest in harvests.values() for one in harvest.unclear.values())
    return Snapshot(
        entries,
        frozenset(kinds),
        complete=is_complete,
        reason=" ".join(filter(None, reasons)),
        account=account,
        unclear=unclear,
    )


def _incompleteness(kind: Kind, harvest: Harvest) -> list[str]:
    """Why absences say nothing."""
    reasons = []
    if not harvest.steady:
        reasons.append(f"The {kind} list changed while it was read.")
    if harvest.broken:
        reasons.append(f"Some {kind} entries do not say which works they are.")
    if harvest.invisible:
        # They are on the list, but which works they are is not told, so they look absent.
        reasons.append(f"Kitsu does not show which {kind} {harvest.invisible} of the entries belong to.")
    return reasons


def _sfw_moved(session: Session, now: object) -> str:
    """While the filter is on, entries of adult works are left out without a word (kitsu.md 6.6)."""
    before = session.account_settings.get("sfw_filter", now)
    return "" if before == now else "Kitsu's filter for adult titles was switched since the last sync."


def _read_kind(session: Session, kind: Kind) -> Harvest:
    """Read anew when the list moved; what the last try saw is given in any case."""
    for _ in range(TRIES - 1):
        harvest = _walk(session, kind)
        if harvest.steady:
            return harvest
    return _walk(session, kind)


def _walk(session: Session, kind: Kind) -> Harvest:
    harvest, offset, size = Harvest(), 0, 0
    while True:
        page, size = _fetch(session, kind, offset=offset, size=size)
        _add_page(session, harvest, kind=kind, page=page)
        offset += len(page.data)
        if page.links.next is None:
            break
        if not page.data or offset > MOST_ROWS:
            raise Malformed("Kitsu's list does not end.", provider=SLUG, path="$.links.next")
    if (harvest.broken or harvest.unclear) and not harvest.found:
        raise Malformed("No entry of Kitsu's list could be understood.", provider=SLUG, path="$.data")
    return harvest


def _fetch(session: Session, kind: Kind, *, offset: int, size: int) -> tuple[shapes.ListPage, int]:
    """A page, and which of PAGE_SIZES worked; only the smallest is repeated by `Session`."""
    while True:
        limit, is_last = PAGE_SIZES[size], size == len(PAGE_SIZES) - 1
        try:
            return client.fetch_list(session, kind, offset=offset, limit=limit, repeatable=is_last), size
        except (RateLimited, Unavailable):
            raise
        except Transient as error:
            if is_last or error.unsent:
                raise
        size += 1


def _add_page(session: Session, harvest: Harvest, *, kind: Kind, page: shapes.ListPage) -> None:
    user = owner.prove_self(session, len(page.data), page.included)
    harvest.user = user or harvest.user
    harvest.counts.add(page.meta.count)
    works = read_works(page.included)
    for raw in page.data:
        _add(harvest, kind, raw, works=works)


def _add(harvest: Harvest, kind: Kind, raw: msgspec.Raw, *, works: dict[tuple[str, str], MediaFacts]) -> None:
    """A row that cannot be understood is left out: it must not cost the others, whatever is wrong with it."""
    key = _id_of(raw)
    if key in harvest.rows:
        return
    harvest.rows.add(key)
    try:
        row = msgspec.json.decode(raw, type=_ROWS[kind])
        ref = row.relationships.media.data
        if ref is None:
            harvest.invisible += 1
            return
        media = works.get((ref.type, require_number(ref.id))) or MediaFacts(kind, ref.id)
        rating, entry_id = row.attributes.rating_twenty, require_number(row.id)
        harvest.found[ref.id] = convert.read_state(media, row.attributes, rating=rating, entry_id=entry_id)
    except Exception as error:  # noqa: BLE001 - told by `unclear`
        _leave_out(harvest, kind, raw, error=error)


def _leave_out(harvest: Harvest, kind: Kind, raw: msgspec.Raw, *, error: Exception) -> None:
    try:
        ref = msgspec.json.decode(raw, type=_LINKS[kind]).relationships.media.data
        external_id = require_number(ref.id if ref is not None else "")
    except (msgspec.MsgspecError, InvalidEntry):
        harvest.broken += 1
        return
    harvest.unclear[external_id] = unclear_entry(kind, external_id, error)


def _id_of(raw: msgspec.Raw) -> str | bytes:
    try:
        return msgspec.json.decode(raw, type=shapes.RowId).id
    except msgspec.MsgspecError:
        return bytes(raw)


def read_works(included: Collection[msgspec.Raw]) -> dict[tuple[str, str], MediaFacts]:
    """{(type, id): facts} of the works among what came along, with the ids that their mappings tell."""
    decoded = shapes.read_all(list(included), shapes.Included)
    mappings = {one.id: one for one in decoded if isinstance(one, shapes.Mapping)}
    works: dict[tuple[str, str], MediaFacts] = {}
    for one in decoded:
        if isinstance(one, shapes.Anime | shapes.Manga):
            try:
                facts = _facts(one, mappings)
            except Exception as error:  # noqa: BLE001 - a work of which nothing is known but its id is still one
                log.error("Kitsu's work %s: %s", one.id, place_of(error))
                continue
            works[str(facts.kind), facts.external_id] = facts
    return works


def _facts(media: shapes.Media, mappings: dict[str, shapes.Mapping]) -> MediaFacts:
    linked = media.relationships.mappings if media.relationships else None
    ids = [ref.id for ref in linked.data] if linked else []
    return convert.read_facts(media, [mappings[each] for each in ids if each in mappings])
