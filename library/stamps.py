"""When each field of an entry was given, by whom, and how finely that source can speak. Pure.

Stored with the entry as {"*": [at, source, scale], "score": [...]}: "*" holds for every field not named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REST = "*"


@dataclass(frozen=True, slots=True)
class Stamp:
    """at: unix seconds, 0 = unknown. source: "library" or a provider's slug. scale: slug of the score scale."""

    at: float = 0.0
    source: str = "library"
    scale: str = "100"


UNKNOWN = Stamp()
Stamps = Mapping[str, Stamp]


def stamp_of(stamps: Stamps, field: str) -> Stamp:
    return stamps.get(field) or stamps.get(REST) or UNKNOWN


def restamp(stamps: Stamps, fields: Iterable[str], stamp: Stamp) -> dict[str, Stamp]:
    """A copy in which `fields` carry `stamp`."""
    return {**stamps, **dict.fromkeys(fields, stamp)}


def stamps_to_json(stamps: Stamps) -> dict[str, Any]:
    return {name: [stamp.at, stamp.source, stamp.scale] for name, stamp in stamps.items()}


def stamps_from_json(data: Mapping[str, Any]) -> dict[str, Stamp]:
    return {name: Stamp(float(at), str(source), str(scale)) for name, (at, source, scale) in data.items()}
