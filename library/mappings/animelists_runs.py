"""Anime-Lists' mapping elements: spans and single episodes laid over an entry's default range. Pure.

`start`, `end`, `offset`: the n-th episode is the (n + offset)-th there. Text `;a-b;c-d+e;`: single episodes, which go
before spans; d+e = in two parts; 0 = no counterpart. It counts each season from 1, also where TMDB counts on, so all
targets are positions (id-mapping.md 3.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from library.episodes.model import Numbering
from library.mappings.said import FLAGGED, GOOD, UNMAPPED, Range, Unfit, check_episode, read_number

MOST_SINGLES = 5000


class Override(NamedTuple):
    """Episodes first..last (None = open) begin at `start` of a season (None = absolute). count: per_target; start 0 =
    no counterpart. is_single: from the text, which goes before spans."""

    first: int
    last: int | None
    season: int | None
    start: int
    per_entry: int = 1
    per_target: int = 1
    is_single: bool = False


def read_override(attributes: Mapping[str, str], text: str, *, word: str) -> tuple[Override, ...]:
    """What one <mapping> says. word: its season over there, "a" = counted through. Raises Unfit."""
    season = None if word == "a" else check_episode(read_number(word))
    singles = tuple(_singles(text, season))
    if not text.strip() or "start" in attributes or "offset" in attributes:
        return (_span(attributes, season), *singles)
    return singles


def compose(rest: tuple[Range, ...], overrides: Iterable[Override]) -> tuple[Range, ...]:
    """The entry's ranges in order: singles, then spans, and what they leave to `rest`, the entry's default."""
    base = rest[0]
    ordered = sorted(overrides, key=lambda one: (not one.is_single, one.first))
    taken: list[Override] = []
    for one in ordered:
        taken += _left_of(one, taken)
    taken.sort(key=lambda one: one.first)
    made = [_ranged(base, one) for one in _joined(taken)]
    default = Override(base.first, None, base.season, base.start)
    # What the default leaves open is as doubtful as the default itself.
    made += [
        base._replace(first=one.first, last=one.last, start=one.start)
        for one in _left_of(default, taken)
        if base.flag != "season_unknown"
    ]
    return tuple(sorted(made, key=lambda one: one.first))


def _span(attributes: Mapping[str, str], season: int | None) -> Override:
    first = check_episode(read_number(attributes.get("start") or "1"))
    last = check_episode(read_number(attributes["end"])) if attributes.get("end") else None
    offset = attributes.get("offset") or "0"
    sign, digits = (-1, offset[1:]) if offset.startswith("-") else (1, offset)
    start = first + sign * check_episode(read_number(digits))
    if first < 1 or start < 1 or (last is not None and last < first):
        raise Unfit("range")
    return Override(first, last, season, start)


def _singles(text: str, season: int | None) -> Iterator[Override]:
    words = [word.strip() for word in text.split(";") if word.strip()]
    if len(words) > MOST_SINGLES:
        raise Unfit("range")
    for word in words:
        left, dash, right = word.partition("-")
        # "5-0" and "5--0" both say that there is no counterpart.
        targets = [check_episode(read_number(part)) for part in right.removeprefix("-").split("+")]
        episode = check_episode(read_number(left))
        if not dash or episode < 1 or targets != list(range(targets[0], targets[0] + len(targets))):
            raise Unfit("range")
        if targets[0] == 0 and len(targets) > 1:
            raise Unfit("range")
        yield Override(episode, episode, season, targets[0], per_target=len(targets), is_single=True)


def _left_of(one: Override, taken: Iterable[Override]) -> Iterator[Override]:
    """The parts of a one-to-one run that nobody has taken; each begins where it would have been."""
    at = one.first
    for other in sorted(taken, key=lambda other: other.first):
        if other.last is not None and other.last < at:
            continue
        if one.last is not None and other.first > one.last:
            break
        if other.first > at:
            yield one._replace(first=at, last=other.first - 1, start=one.start + at - one.first)
        if other.last is None:
            return
        at = other.last + 1
    if one.last is None or at <= one.last:
        yield one._replace(first=at, start=one.start + at - one.first)


def _joined(parts: Iterable[Override]) -> Iterator[Override]:
    """Single episodes in a row as one run: side by side, all in two parts, or all joined in one."""
    before: Override | None = None
    for one in parts:
        longer = _join(before, one) if before is not None else None
        if before is not None and longer is None:
            yield before
        before = longer or one
    if before is not None:
        yield before


def _join(one: Override, other: Override) -> Override | None:
    """Both as one; None when they are no run."""
    if not (one.is_single and other.is_single and one.season == other.season) or one.last != other.first - 1:
        return None
    if one.start == 0 or other.start == 0:
        return one._replace(last=other.last) if one.start == other.start else None
    count = other.first - one.first
    if one.per_entry == 1 and other.per_target == one.per_target and other.start == one.start + count * one.per_target:
        return one._replace(last=other.last)
    if one.per_target == other.per_target == 1 and other.start == one.start and one.per_entry == count:
        return one._replace(last=other.last, per_entry=count + 1)
    return None


def _ranged(base: Range, one: Override) -> Range:
    numbering = Numbering.ABSOLUTE if one.season is None else Numbering.POSITION
    plain = base._replace(first=one.first, last=one.last, season=one.season, numbering=numbering, state=GOOD, flag="")
    if one.start == 0:
        return plain._replace(start=1, state=UNMAPPED, flag="none")
    made = plain._replace(start=one.start, per_entry=one.per_entry, per_target=one.per_target)
    # Parts of an entry that counts through a show are only safe where it has the show to itself.
    return made._replace(state=FLAGGED, flag="absolute") if one.season is None and one.start != one.first else made
