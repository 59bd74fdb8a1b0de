"""The style sheet: text stands out on every ground it is put on, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

CSS = (settings.BASE_DIR / "project" / "static" / "enishi" / "enishi.css").read_text()
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "thread", "bad") for ground in ("paper", "card")),
    *((ink, "sunk") for ink in ("ink", "soft")),
    ("on-thread", "thread"),
    ("on-thread", "thread-strong"),
    *((tone, f"{tone}-tint") for tone in ("good", "bad", "ask", "busy")),
    *(("ink", f"{tone}-tint") for tone in ("good", "bad", "ask")),
    ("paper", "ink"),
]
EDGES = [("edge", "card"), ("edge", "paper"), ("thread", "paper")]


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_edges_stand_out(scheme: str) -> None:
    palette = colours(scheme)
    faint = {pair: round(contrast(palette[pair[0]], palette[pair[1]]), 2) for pair in (*TEXT, *EDGES)}
    assert {pair: found for pair, found in faint.items() if found < (3 if pair in EDGES else 4.5)} == {}


def test_the_sheet_asks_for_nothing_from_elsewhere() -> None:
    assert re.findall(r"url\(|@import|//", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)) == []
