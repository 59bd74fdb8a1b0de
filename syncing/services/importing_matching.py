"""Which work an entry of a file is: by its ids, a person's own word and the id tables. Titles decide nothing.

What a file says ties nothing together for anybody else: its ids are looked up, and a work that is new here gets the
first of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from integrations.providers import registry
from library.entry import Kind
from library.files.model import FileWork
from library.services.catalogue import FILE, Work, add_works, media_by_external_ids
from library.services.identities import SITES, Identities, identities_of
from library.services.matches import words_of

NO_ID = "The file names no id that is known here, and titles alone decide nothing."
ALONE = "You chose to leave this title alone."
TORN = "Its ids belong to different titles here."
DOUBTFUL = "The public id tables disagree on what it is."
NOTHING = Identities()
LONGEST_NEW_ID = 6
"""Digits of an id that makes a work new here. No list service has a million works."""


@dataclass(frozen=True, slots=True)
class Place:
    """One of: media_id, a work here; new, (site, id) of a work that is to be made; reason, why it is neither."""

    media_id: int | None = None
    new: tuple[str, str] | None = None
    reason: str = ""


@dataclass(slots=True)
class _Found:
    """What is known of one work of the file so far. told, doubts: ids by site that the tables name, surely or not.
    maybe: works here that the doubtful ones are."""

    ids: Mapping[str, str]
    media: set[int] = field(default_factory=set)
    maybe: set[int] = field(default_factory=set)
    alone: bool = False
    said: int | None = None
    told: dict[str, set[str]] = field(default_factory=dict)
    doubts: dict[str, set[str]] = field(default_factory=dict)


def place_works(user_id: UUID, works: Sequence[FileWork]) -> list[Place]:
    """A place for each, in the same order. A constant number of queries for every 2,000 works."""
    places: list[Place | None] = [None] * len(works)
    known = set(registry.slugs()) | set(SITES)
    for kind in Kind:
        at = [number for number, work in enumerate(works) if work.kind is kind]
        found = [_Found({site: id_ for site, id_ in works[number].ids.items() if site in known}) for number in at]
        _ask_person(user_id, kind, found)
        _ask_catalogue(kind, found)
        _ask_tables(kind, found)
        for number, each in zip(at, found, strict=True):
            places[number] = _judge(each)
    return [place for place in places if place is not None]


def make_works(kind: Kind, site: str, titles: Mapping[str, str]) -> dict[str, int]:
    """Media for works that are new here, {id at `site`: media id}. titles: {id: title}, for show until a service tells.

    In the caller's transaction. Who made the same work meanwhile is found.
    """
    told = identities_of(site, kind, list(titles))
    works = [
        Work(kind, (title,) if title else (), ids={**told.pairs.get(id_, {}), site: id_})
        for id_, title in sorted(titles.items())
    ]
    return add_works(site, kind, works, source=FILE)


def _ask_person(user_id: UUID, kind: Kind, found: Sequence[_Found]) -> None:
    for site in sorted({site for each in found for site in each.ids}):
        own = words_of(user_id, site)
        for each in found:
            key = (kind, each.ids.get(site, ""))
            if key in own.media:
                said = own.media[key]
                each.alone, each.said = each.alone or said is None, said if said is not None else each.said


def _ask_catalogue(kind: Kind, found: Sequence[_Found]) -> None:
    for each, media_id in _look_up(kind, [(each, each.ids) for each in found]):
        each.media.add(media_id)


def _ask_tables(kind: Kind, found: Sequence[_Found]) -> None:
    """For works that the catalogue does not know by the ids in the file."""
    unknown = [each for each in found if not each.media]
    for site, asked in _by_site([(each, each.ids) for each in unknown]).items():
        told = identities_of(site, kind, list(asked)) if site in SITES else NOTHING
        for id_, waiting in asked.items():
            for each in waiting:
                for other_site, other_id in told.pairs.get(id_, {}).items():
                    each.told.setdefault(other_site, set()).add(other_id)
                for other_site, ids in told.ambiguous.get(id_, {}).items():
                    each.doubts.setdefault(other_site, set()).update(ids)
    sure = [(each, {site: id_}) for each in unknown for site, ids in each.told.items() for id_ in ids]
    for each, media_id in _look_up(kind, sure):
        each.media.add(media_id)
    unsure = [(each, {site: id_}) for each in unknown for site, ids in each.doubts.items() for id_ in ids]
    for each, media_id in _look_up(kind, unsure):
        each.maybe.add(media_id)


def _look_up(kind: Kind, wanted: Sequence[tuple[_Found, Mapping[str, str]]]) -> Iterator[tuple[_Found, int]]:
    for site, asked in _by_site(wanted).items():
        for id_, media_id in media_by_external_ids(site, kind, asked).items():
            for each in asked[id_]:
                yield each, media_id


def _by_site(wanted: Sequence[tuple[_Found, Mapping[str, str]]]) -> dict[str, dict[str, list[_Found]]]:
    """{site: {id: who asks}}, sites in order."""
    asked: dict[str, dict[str, list[_Found]]] = {}
    for each, ids in wanted:
        for site, id_ in ids.items():
            asked.setdefault(site, {}).setdefault(id_, []).append(each)
    return dict(sorted(asked.items()))


def _judge(found: _Found) -> Place:
    if found.said is not None:
        return Place(found.said)
    if found.alone:
        return Place(reason=ALONE)
    if len(found.media) > 1:
        return Place(reason=TORN)
    if found.media:
        return Place(next(iter(found.media)))
    first = next(((site, id_) for site in SITES if (id_ := found.ids.get(site, "")) and _is_new(id_)), None)
    if first is None:
        return Place(reason=NO_ID)
    # As at a first contact: what may be a work that is here already is not made a second time.
    return Place(reason=DOUBTFUL) if found.maybe else Place(new=first)


def _is_new(external_id: str) -> bool:
    return external_id.isascii() and external_id.isdigit() and len(external_id) <= LONGEST_NEW_ID


__all__ = ["Place", "make_works", "place_works"]
