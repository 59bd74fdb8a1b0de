"""How surely two works are one: by all their titles, year, format and length. Pure.

A wrong match is worse than a double, so what is not known counts against, and nothing but the same title (in any of
its spellings) with the same facts is sure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from syncing.core.naming import LAST, Title, read_title

SURE = 95
"""From here on two works are taken for one without asking."""
LIKELY = 75
"""From here on a person is asked."""
YEARS_APART = 1
"""Services differ by so much: a first airing in December or January."""
_DOUBT = 16
"""What a season costs that one side names and the other does not."""
_OTHER = 30
"""The most that is left between two seasons."""
_IN_PART = 82
"""The most that a title says which is only contained in the other one."""
_FAMILIES = {
    "series": ("tv", "ona", "tv_short"),
    "film": ("movie",),
    "extra": ("ova", "special", "tv_special"),
    "music": ("music", "pv", "cm"),
    "comic": ("manga", "manhwa", "manhua", "oel", "one_shot", "oneshot", "doujinshi", "doujin"),
    "novel": ("novel", "light_novel"),
}
_FAMILY = {name: family for family, names in _FAMILIES.items() for name in names}
_NEAR = ({"series", "extra"}, {"film", "extra"})
"""Families between which the services do not agree."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A work as far as one service tells. year, total: 0 = unknown; format in any service's own word."""

    titles: tuple[str, ...] = ()
    year: int = 0
    format: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Likeness:
    """confidence: 0..100. reasons: in words, the title first."""

    confidence: int
    reasons: tuple[str, ...]


def confidence(one: Facts, other: Facts) -> Likeness:
    """The same in both directions; 100 exactly for the same title and the same known facts."""
    mine, theirs = _read(one.titles), _read(other.titles)
    score, reasons = _judge_titles(mine, theirs)
    most = 100.0
    for minus, cap, reason in (
        _judge_numbers("season", _numbers(mine, "season"), _numbers(theirs, "season")),
        _judge_numbers("part", _numbers(mine, "part"), _numbers(theirs, "part")),
        _judge_years(one.year, other.year),
        _judge_formats(one.format, other.format),
        _judge_totals(one.total, other.total),
    ):
        score, most = score - minus, min(most, cap)
        if reason:
            reasons.append(reason)
    return Likeness(max(0, int(min(score, most))), tuple(reasons))


def _read(titles: Iterable[str]) -> tuple[Title, ...]:
    return tuple(dict.fromkeys(read_title(title) for title in titles if title.strip()))


def _judge_titles(mine: tuple[Title, ...], theirs: tuple[Title, ...]) -> tuple[float, list[str]]:
    if not {title.base for title in mine}.isdisjoint(title.base for title in theirs):
        return 100.0, ["the same title"]
    score = max((_similarity(a, b) for a in mine for b in theirs if _comparable(a, b)), default=0.0)
    return score, ["a very similar title" if score >= 90 else "a similar title" if score >= 60 else "another title"]


def _comparable(a: Title, b: Title) -> bool:
    """Titles in different scripts say nothing about each other."""
    return a.base.isascii() == b.base.isascii()


def _similarity(a: Title, b: Title) -> float:
    score = max(
        fuzz.ratio(a.base, b.base), fuzz.ratio(a.words, b.words) if a.words != a.base or b.words != b.base else 0
    )
    if score < _IN_PART and _contains(a, b):
        score = _IN_PART
    # "Movie 1" and "Movie 2" differ in one letter and are two works.
    return min(score, 99.0) if a.digits == b.digits else min(score, 60.0)


def _contains(a: Title, b: Title) -> bool:
    """True when all words of the one are in the other; the shorter has two at least, or the longer begins with it."""
    short, long = sorted((a, b), key=lambda title: (len(title.base), title.base))
    if not long.base.startswith(short.base + " ") and " " not in short.base:
        return False
    return set(short.words.split()) <= set(long.words.split())


def _numbers(titles: tuple[Title, ...], name: str) -> frozenset[int]:
    return frozenset(number for title in titles if (number := getattr(title, name)))


_Judged = tuple[float, float, str]
"""What is taken off, the most that is left, and why."""


def _judge_numbers(name: str, mine: frozenset[int], theirs: frozenset[int]) -> _Judged:
    """Different numbers are different works. One that is named on one side only leaves a doubt, unless it is 1."""
    if mine & theirs or not (mine | theirs) - {1}:
        return 0, 100, ""
    if mine and theirs:
        if LAST in mine | theirs and 1 not in mine | theirs:
            return _DOUBT, 100, f"the {name} is told in different words"
        first, second = sorted((_words(mine), _words(theirs)))
        return 0, _OTHER, f"{name} {first} is not {name} {second}"
    return _DOUBT, 100, f"only one of them names a {name} ({_words(mine | theirs)})"


def _words(numbers: frozenset[int]) -> str:
    return " or ".join("last" if number == LAST else str(number) for number in sorted(numbers))


def _judge_years(one: int, other: int) -> _Judged:
    if not one or not other:
        return 6, 100, "the year is not known on both sides"
    if one == other:
        return 0, 100, f"both from {one}"
    apart = abs(one - other)
    first, second = sorted((one, other))
    return (7 if apart <= YEARS_APART else 20 + 5 * min(apart, 8)), 100, f"from {first} and {second}"


def _judge_formats(one: str, other: str) -> _Judged:
    mine, theirs = _FAMILY.get(one.casefold()), _FAMILY.get(other.casefold())
    if mine is None or theirs is None:
        return 3, 100, ""
    if mine == theirs:
        return 0, 100, "the same format"
    first, second = sorted((one.casefold(), other.casefold()))
    reason = f"{first} and {second}".replace("_", " ")
    return (8, 100, reason) if {mine, theirs} in _NEAR else (20, 45, reason)


def _judge_totals(one: int, other: int) -> _Judged:
    if one == other:
        return (0, 100, f"both of length {one}") if one else (3, 100, "")
    if not one or not other:
        return 6, 100, "the length is known on one side only"
    first, second = sorted((one, other))
    return (8 if second - first <= 1 else 15), 100, f"of length {first} and {second}"
