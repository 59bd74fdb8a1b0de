"""When nobody could have taken anything back, because what does so was down itself."""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[float, float]


@dataclass(slots=True)
class Downtime:
    """spans: (from, to) in Unix seconds, in the order in which they were told; they may overlap."""

    spans: list[Span] = field(default_factory=list)

    def add(self, start: float, end: float) -> None:
        self.spans.append((start, end))

    def up(self, since: float, until: float) -> float:
        """Seconds between the two during which all was up."""
        left = [(since, until)]
        for start, end in self.spans:
            left = [piece for one in left for piece in _without(one, start, end)]
        return sum(last - first for first, last in left)


def _without(one: Span, start: float, end: float) -> list[Span]:
    first, last = one
    pieces = [(first, min(last, start)), (max(first, end), last)]
    return [piece for piece in pieces if piece[0] < piece[1]]
