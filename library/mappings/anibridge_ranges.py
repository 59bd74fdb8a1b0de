"""AniBridge's range grammar: `x`, `x-y`, `x-`, each with `|ratio`; several with commas on the right. Pure.

Ratios by id-mapping.md 3.6: −n = n on the left make one on the right, n = one on the left makes n on the right. Where
both sides are closed the lengths tell, since some hand-made rows have the sign the wrong way round.
"""

from __future__ import annotations

import re
from math import gcd
from typing import NamedTuple

from library.mappings.said import Unfit, check_episode, read_number

_SPAN = re.compile(r"([0-9]{1,6})(?:(-)([0-9]{1,6})?)?")
_PART = re.compile(r"([0-9]{1,6}(?:-(?:[0-9]{1,6})?)?)(?:\|(-?[0-9]{1,6}))?")
MOST_PARTS = 200


class Piece(NamedTuple):
    """Episodes first..last (None = open) begin at `start`; per_entry of them make per_target there."""

    first: int
    last: int | None
    start: int
    per_entry: int = 1
    per_target: int = 1


class Part(NamedTuple):
    """length None = open; ratio 0 = none was given."""

    start: int
    length: int | None
    ratio: int


def read_ranges(left: str, right: str) -> list[Piece]:
    """Raises Unfit: "range" for what is not in the grammar, "length" where the two sides cannot fit."""
    first, count = read_span(left)
    parts = [_part(text) for text in right.split(",")[: MOST_PARTS + 1]]
    if len(parts) > MOST_PARTS or any(part.length is None for part in parts[:-1]):
        raise Unfit("range")
    if len(parts) == 1:
        return [_single(first, count, parts[0])]
    return _several(first, count, parts)


def read_span(text: str) -> tuple[int, int | None]:
    """(first, how many; None = open). Raises Unfit."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise Unfit("range")
    first = check_episode(read_number(found[1]))
    if not found[2]:
        last: int | None = first
    else:
        last = check_episode(read_number(found[3])) if found[3] else None
    if first < 1 or (last is not None and last < first):
        raise Unfit("range")
    return first, None if last is None else last - first + 1


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    ratio = int(found[2]) if found and found[2] else 0
    if not found or (found[2] and ratio == 0):
        raise Unfit("range")
    return Part(*read_span(found[1]), check_episode(ratio))


def _single(first: int, count: int | None, part: Part) -> Piece:
    if count is None or part.length is None:
        per_entry, per_target = _by_sign(part.ratio)
        if count is None and part.length is not None:
            count = _covered(part.length, per_entry, per_target)
    else:
        per_entry, per_target = _by_lengths(count, part)
    last = None if count is None else first + count - 1
    return Piece(first, last, part.start, per_entry, per_target)


def _several(first: int, count: int | None, parts: list[Part]) -> list[Piece]:
    """The parts, one after another, use up the left side. One ratio among closed parts follows from what is left."""
    pieces: list[Piece] = []
    uneven = [part for part in parts if part.ratio]
    rest = None if count is None else count - sum(part.length or 0 for part in parts if not part.ratio)
    at = first
    for part in parts:
        per_entry, per_target = _by_sign(part.ratio)
        if part.length is None:
            last = None if count is None else first + count - 1
        else:
            if part.ratio and len(uneven) == 1 and rest is not None and parts[-1].length is not None:
                per_entry, per_target = _by_lengths(rest, part)
            last = at + _covered(part.length, per_entry, per_target) - 1
        if last is not None and last < at:
            raise Unfit("length")
        pieces.append(Piece(at, last, part.start, per_entry, per_target))
        at = at if last is None else last + 1
    if count is not None and at != first + count:
        raise Unfit("length")
    return pieces


def _by_sign(ratio: int) -> tuple[int, int]:
    return (-ratio, 1) if ratio < 0 else (1, ratio or 1)


def _by_lengths(count: int, part: Part) -> tuple[int, int]:
    """How many make how many, where both sides are closed. One of the two is 1."""
    assert part.length is not None
    if count < 1:
        raise Unfit("length")
    common = gcd(count, part.length)
    per_entry, per_target = count // common, part.length // common
    if min(per_entry, per_target) != 1 or (not part.ratio and per_entry != per_target):
        raise Unfit("length")
    return per_entry, per_target


def _covered(length: int, per_entry: int, per_target: int) -> int:
    """Episodes on the left for so many on the right."""
    if length % per_target:
        raise Unfit("length")
    return length // per_target * per_entry
