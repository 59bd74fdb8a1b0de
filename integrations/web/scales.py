"""A score as the service itself shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from integrations.capability import Scale

_SMILEYS = {35: ":(", 60: ":|", 85: ":)"}


def _of_ten(score: int) -> str:
    return f"{score / 10:g}/10"


_SHOWN: Mapping[str, Callable[[int], str]] = {
    "100": lambda mark: f"{mark}/100",
    "10": _of_ten,
    # Kitsu counts to 20 and shows halves of 10: providers/kitsu.md 9, read 2026-11-21.
    "20": _of_ten,
    "anilist:POINT_100": lambda mark: f"{mark}/100",
    "anilist:POINT_10_DECIMAL": _of_ten,
    "anilist:POINT_10": _of_ten,
    "anilist:POINT_5": lambda mark: f"{(mark + 10) // 20}/5 stars",
    "anilist:POINT_3": lambda mark: _SMILEYS[mark],
}


def score_there(score: int, scale: Scale) -> str:
    """ "8/10", "4/5 stars", ":)"; "no score" for 0. `score` is ours, 0..100."""
    if not score:
        return "no score"
    shown = _SHOWN.get(scale.slug)
    return shown(scale.mark(score)) if shown else f"{scale.mark(score)}/100"
