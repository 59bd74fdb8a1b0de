"""AniList's five score formats. Stored underneath is always 0..100. providers/anilist.md 6.1, read 2026-11-21."""

from __future__ import annotations

from bisect import bisect_left

TOPS = {"POINT_100": 100, "POINT_10_DECIMAL": 10, "POINT_10": 10, "POINT_5": 5, "POINT_3": 3}
"""The highest score that each format can say."""

_STARS = (0, 29, 49, 69, 89)
_SMILEYS = (0, 35, 60)
_FROM_STARS = (0, 10, 30, 50, 70, 90)
_FROM_SMILEYS = (0, 35, 60, 85)


def show_score(raw: int, shape: str, *, half_up: bool = True) -> float:
    """What a person with this format sees. `half_up`: 85 is 9 in POINT_10, else 8; which is true is not known."""
    if shape == "POINT_10_DECIMAL":
        # PHP writes 8, not 8.0, for a whole float.
        return raw // 10 if raw % 10 == 0 else raw / 10
    if shape == "POINT_10":
        return (raw + 5) // 10 if half_up else raw // 10
    if shape == "POINT_5":
        return bisect_left(_STARS, raw)
    if shape == "POINT_3":
        return bisect_left(_SMILEYS, raw)
    return raw


def read_score(score: float, shape: str) -> int:
    """What is stored for a score said in this format; it must lie within 0..TOPS[shape]."""
    if shape in ("POINT_10", "POINT_10_DECIMAL"):
        return int(score * 10 + 0.5)
    if shape == "POINT_5":
        return _FROM_STARS[int(score)]
    if shape == "POINT_3":
        return _FROM_SMILEYS[int(score)]
    return int(score + 0.5)
