"""Which of many works are worth comparing: found by the rare words of their titles. Pure.

Comparing 1,000 entries with all titles of 20,000 works would be a hundred million comparisons; the rare words leave a
handful each.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from math import log

from syncing.core.likeness import LIKELY, YEARS_APART, Facts, Likeness, confidence
from syncing.core.naming import fold

MOST = 8
"""Works on a short list."""
_LOOKED_AT = 500
"""Works that the words of one title may bring up, the rarest words first."""
_PREFIX = 5
"""Letters of a word that count: endings differ between ways of writing Japanese in Latin letters."""
_TITLES = 8
_GAPS = re.compile(r"[\W_]+")


class Shortlist:
    """Made once from {id: titles}, then asked often."""

    def __init__(self, works: Mapping[int, Iterable[str]]) -> None:
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._count = len(works)
        for work_id, titles in works.items():
            for key in _keys(titles):
                self._by_key[key].append(work_id)

    def find(self, titles: Iterable[str]) -> list[int]:
        """The likeliest ids, best first, at most MOST."""
        lists = sorted((found for key in _keys(titles) if (found := self._by_key.get(key))), key=len)
        votes: dict[int, float] = defaultdict(float)
        looked_at = 0
        for found in lists:
            if looked_at and looked_at + len(found) > _LOOKED_AT:
                break
            looked_at += len(found)
            weight = log(1 + self._count / len(found))
            for work_id in found:
                votes[work_id] += weight
        return sorted(votes, key=lambda work_id: (-votes[work_id], work_id))[:MOST]


def _keys(titles: Iterable[str]) -> set[str]:
    """Beginnings of words; pairs of letters where words are not set apart."""
    keys: set[str] = set()
    for title in islice(titles, _TITLES):
        text = _GAPS.sub(" ", title.casefold()) if title.isascii() else fold(title)
        for word in text.split():
            if word.isascii() or unicodedata.category(word[0]) != "Lo":
                keys.add(word[:_PREFIX])
            else:
                keys.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
    return keys


def find_alike(asked: Mapping[str, Facts], known: Mapping[int, Facts]) -> dict[str, list[tuple[int, Likeness]]]:
    """{key: (id, how like it)} for the works that are LIKELY at least; keys without one are absent."""
    shortlist = Shortlist({work_id: facts.titles for work_id, facts in known.items()})
    found: dict[str, list[tuple[int, Likeness]]] = {}
    for key, facts in asked.items():
        near = (id_ for id_ in shortlist.find(facts.titles) if _is_near(facts.year, known[id_].year))
        likely = [(id_, each) for id_ in near if (each := confidence(facts, known[id_])).confidence >= LIKELY]
        if likely:
            found[key] = likely
    return found


def _is_near(one: int, other: int) -> bool:
    """Works from other years are never likely: the comparison can be spared."""
    return not one or not other or abs(one - other) <= YEARS_APART
