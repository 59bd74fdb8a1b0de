"""Figures and words that no public table tells of the catalogue's works, made up from their ids: the same each time.

Every service has its own opinion of a work: `service` goes into the figures.
"""

from __future__ import annotations

from zlib import crc32

GENRES = ("Action", "Adventure", "Comedy", "Drama", "Fantasy", "Mystery", "Sci-Fi", "Slice of Life")


def figure(service: str, what: str, *, kind: str, number: int, top: int) -> int:
    """1..top for one work."""
    return crc32(f"{service}:{what}:{kind}:{number}".encode()) % top + 1


def genres(kind: str, number: int) -> list[str]:
    """Two, or one."""
    picked = (figure("any", f"genre{at}", kind=kind, number=number, top=len(GENRES)) - 1 for at in range(2))
    return list(dict.fromkeys(GENRES[at] for at in picked))


def average(service: str, kind: str, number: int) -> int:
    """40..95 of 100."""
    return 39 + figure(service, "average", kind=kind, number=number, top=56)


def people(service: str, kind: str, number: int) -> int:
    return figure(service, "people", kind=kind, number=number, top=400_000)
