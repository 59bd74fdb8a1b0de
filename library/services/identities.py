"""What the public id tables say a work is called elsewhere. Where they disagree, nothing is said: a person decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from library.entry import Kind
from library.models import IdPair, PairState
from library.services.catalogue import CHUNK

SITES = ("anilist", "kitsu", "myanimelist")


@dataclass(frozen=True, slots=True)
class Identities:
    """By id at the site that was asked about. pairs: {id: {other site: id there}}. ambiguous: {id: {other site: all ids
    that some table names}}; such a site is in no pair of that id."""

    pairs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ambiguous: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def identities_of(site: str, kind: Kind, ids: Collection[str]) -> Identities:
    """Two queries for every 2,000 ids. Sources that name two ids for one are ambiguous, whatever they say of them."""
    told: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    doubtful: set[tuple[str, str]] = set()
    for id_, other_site, other_id, state in _rows(site, kind, sorted(set(ids))):
        if other_site not in SITES or other_site == site:
            continue
        told[id_][other_site].add(other_id)
        if state != PairState.GOOD:
            doubtful.add((id_, other_site))
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    ambiguous: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for id_, others in told.items():
        for other_site, found in others.items():
            if len(found) == 1 and (id_, other_site) not in doubtful:
                pairs[id_][other_site] = next(iter(found))
            else:
                ambiguous[id_][other_site] = tuple(sorted(found))
    return Identities(dict(pairs), dict(ambiguous))


def pairs_of(site: str, kind: Kind, ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    return identities_of(site, kind, ids).pairs


def ambiguous_of(site: str, kind: Kind, ids: Collection[str]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    return identities_of(site, kind, ids).ambiguous


def _rows(site: str, kind: Kind, ids: list[str]) -> Iterable[tuple[str, str, str, str]]:
    """(id, other site, other id, state) of every pair that a table in use still names."""
    known = IdPair.objects.filter(kind=kind, gone_at=None)
    for at in range(0, len(ids), CHUNK):
        chunk = ids[at : at + CHUNK]
        left = known.filter(left_site=site, left_id__in=chunk)
        yield from left.values_list("left_id", "right_site", "right_id", "state")
        right = known.filter(right_site=site, right_id__in=chunk)
        yield from right.values_list("right_id", "left_site", "left_id", "state")
