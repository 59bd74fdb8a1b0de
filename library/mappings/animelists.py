"""Anime-Lists (no licence stated): AniDB ids and TMDB's seasons and films, in XML. id-mapping.md 3.7, read 2026-11-25.

Read as it streams, with expat. A document type is refused, and with it every entity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple
from xml.parsers import expat

from library.mappings.animelists_runs import Override, compose, read_override
from library.mappings.said import (
    ANIDB,
    IMDB,
    TMDB,
    TVDB,
    Entry,
    Range,
    Said,
    Unfit,
    Unreadable,
    absolute,
    check_episode,
    check_imdb,
    films,
    fitting,
    read_id,
    read_number,
    run,
    somewhere,
)
from library.mappings.streaming import CHUNK, MAX_SIZE

Attributes = Mapping[str, str]


class Words(NamedTuple):
    """What the attributes are called that tell of a show at one site."""

    site: str
    show: str
    season: str
    offset: str
    mapped: str


AT_TMDB = Words(TMDB, "tmdbtv", "tmdbseason", "tmdboffset", "tmdbseason")
AT_TVDB = Words(TVDB, "tvdbid", "defaulttvdbseason", "episodeoffset", "tvdbseason")
LONGEST_TEXT = 100_000
MOST_MAPPINGS = 1000


class Anime:
    """One <anime> while it is read."""

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.mappings: list[tuple[Attributes, str]] = []


def read(stream: BinaryIO) -> Iterator[Said]:
    """An <anime-list>. Raises Unreadable."""
    reader = _Reader()
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > MAX_SIZE:
            raise Unreadable(f"The table has more than {MAX_SIZE // 2**20} MB.")
        reader.feed(chunk)
        yield from map(_said, reader.take())
    reader.feed(b"", is_last=True)
    yield from map(_said, reader.take())


class _Reader:
    """Turns bytes into Anime. Elements that say nothing to us (names, studios) are not kept."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._depth = 0
        self._anime: Anime | None = None
        self._mapping: Attributes | None = None
        self._words: list[str] = []
        self._length = 0
        self._done: list[Anime] = []

    def feed(self, chunk: bytes, *, is_last: bool = False) -> None:
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise Unreadable("The file ends in the middle." if is_last else "The file is no XML.") from error

    def take(self) -> list[Anime]:
        done, self._done = self._done, []
        return done

    def _refuse(self, *args: object) -> None:
        raise Unreadable("The file declares a document type, which this table never does.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        expected = {1: "anime-list", 2: "anime"}.get(self._depth, name)
        if name != expected or self._depth > 20:
            raise Unreadable("This is not the table that was expected.")
        if self._depth == 2:
            self._anime = Anime(attributes)
        elif name == "mapping":
            self._mapping, self._words, self._length = attributes, [], 0

    def _text(self, text: str) -> None:
        if self._mapping is not None:
            self._words.append(text)
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                raise Unreadable("A mapping is too long.")

    def _end(self, name: str) -> None:
        if name == "mapping" and self._anime is not None and self._mapping is not None:
            self._anime.mappings.append((self._mapping, "".join(self._words)))
            self._mapping = None
            if len(self._anime.mappings) > MOST_MAPPINGS:
                raise Unreadable("An entry has too many mappings.")
        elif self._depth == 2 and self._anime is not None:
            self._done.append(self._anime)
            self._anime = None
        self._depth -= 1


def _said(anime: Anime) -> Said:
    refused: list[str] = []
    if "anidbid" not in anime.attributes:
        raise Unreadable("An entry has no AniDB id: the table has another schema now.")
    ranges = fitting(refused, _ranges, anime, refused)
    return Said(ranges=ranges, refused=tuple(refused))


def _ranges(anime: Anime, refused: list[str]) -> tuple[Range, ...]:
    given = anime.attributes
    entry = Entry(ANIDB, read_id(given["anidbid"]))
    show, movies, imdb = given.get("tmdbtv", ""), given.get("tmdbid", ""), given.get("imdbid", "")
    if show:
        return _in_show(anime, entry, AT_TMDB, refused=refused)
    if movies:
        return films(entry, TMDB, [read_id(part.strip()) for part in movies.split(",")])
    # Elsewhere an IMDb id may be that of a show.
    if given.get("tvdbid") == "movie" and imdb and "," not in imdb:
        return films(entry, IMDB, [check_imdb(imdb.strip())])
    # Elsewhere there stands a word instead: OVA, hentai, ... TVDB is a hint for where TMDB has nothing.
    return _in_show(anime, entry, AT_TVDB, refused=refused) if given.get("tvdbid", "").isdigit() else ()


def _in_show(anime: Anime, entry: Entry, words: Words, *, refused: list[str]) -> tuple[Range, ...]:
    show = read_id(anime.attributes[words.show])
    overrides: list[Override] = []
    for attributes, text in anime.mappings:
        # AniDB's season 0 are its specials, which no list service counts in the entry.
        if attributes.get("anidbseason") == "1" and words.mapped in attributes:
            overrides += fitting(refused, read_override, attributes, text, word=attributes[words.mapped].strip())
    rest = _default(entry, show, words, given=anime.attributes)
    return compose(rest, overrides) if overrides else rest


def _default(entry: Entry, show: str, words: Words, *, given: Attributes) -> tuple[Range, ...]:
    """Where the entry's episodes are unless a mapping says otherwise: one open range."""
    season = given.get(words.season, "")
    offset = read_offset(given.get(words.offset, ""))
    # TVDB's seasons together are not TMDB's.
    if season == "a" and words.site == TMDB:
        return (absolute(entry, show, offset=offset),)
    if not season or season == "a":
        return (somewhere(entry, show, site=words.site),)
    return run(entry, show, season=check_episode(read_number(season)), offset=offset, site=words.site)


def read_offset(text: str) -> int:
    """A whole number of either sign; "" = 0. Raises Unfit."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    try:
        return check_episode(sign * read_number(digits)) if text else 0
    except Unfit:
        raise Unfit("offset") from None
