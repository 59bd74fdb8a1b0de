"""Chance that falls the same way after every reset."""

from __future__ import annotations

from random import Random

SEED = 20261121


def seeded(purpose: str) -> Random:
    """One stream a purpose, so that drawing for one does not move another's luck."""
    return Random(f"{SEED}:{purpose}")  # noqa: S311 - the same luck and the same play tokens each time are the point
