"""The works that a fresh sandbox knows: real ids, titles and counts, facts joined from public id tables.

`catalogue.csv`, one work a row. What the columns mean and where they are assumptions: `docs/sandbox.md`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PATH = Path(__file__).with_name("catalogue.csv")


@dataclass(frozen=True, slots=True)
class Work:
    """One work as the services know it; 0 = not known there, or for a count: unknown or still running.

    kind:   "anime" or "manga".     format: AniList's word, and MANHWA.
    start:  "", "2013" or "2013-04-07".    nsfw: MAL's white, gray or black; black is AniList's isAdult.
    status: AniList's FINISHED, RELEASING or HIATUS.    kitsu_id: anime only, for no table tells it of manga.
    """

    kind: str
    anilist_id: int
    mal_id: int
    title: str
    english: str
    format: str
    total: int
    volumes: int
    start: str
    nsfw: str
    status: str
    kitsu_id: int = 0

    def started(self) -> tuple[int, int, int]:
        """(year, month, day), 0 where unknown."""
        parts = [int(part) for part in self.start.split("-") if part] + [0, 0, 0]
        return (parts[0], parts[1], parts[2])


@lru_cache(maxsize=1)
def load_works() -> tuple[Work, ...]:
    """Every row of the catalogue, in the order of the file."""
    with PATH.open(encoding="utf-8", newline="") as file:
        return tuple(_read(row) for row in csv.DictReader(file))


def _read(row: dict[str, str]) -> Work:
    return Work(
        kind=row["kind"],
        anilist_id=int(row["anilist_id"] or 0),
        mal_id=int(row["mal_id"] or 0),
        title=row["title"],
        english=row["english"],
        format=row["format"],
        total=int(row["total"] or 0),
        volumes=int(row["volumes"] or 0),
        start=row["start"],
        nsfw=row["nsfw"] or "white",
        status=row["status"] or "FINISHED",
        kitsu_id=int(row["kitsu_id"] or 0),
    )


def make_works(kind: str, *, count: int, first_id: int) -> tuple[Work, ...]:
    """Invented works for large lists: the same ids on every service, 12 episodes or 40 chapters in 4 volumes."""
    anime = kind == "anime"
    return tuple(
        Work(
            kind=kind,
            anilist_id=first_id + at,
            mal_id=first_id + at,
            title=f"Sandbox {kind} {first_id + at}",
            english="",
            format="TV" if anime else "MANGA",
            total=12 if anime else 40,
            volumes=0 if anime else 4,
            start="2020",
            nsfw="white",
            status="FINISHED",
            kitsu_id=first_id + at,
        )
        for at in range(count)
    )
