"""Reading MyAnimeList's list file, piece by piece with expat. A document type is refused, and every entity with it."""

from __future__ import annotations

from typing import Any, BinaryIO
from xml.parsers import expat

from library.entry import COUNT_FIELDS, DATE_FIELDS, MAX_NOTES, Entry, InvalidEntry, Kind, clean_value
from library.files.mal_words import (
    ALIASES,
    ELEMENTS,
    SCALE,
    SITE,
    Elements,
    read_count,
    read_day,
    read_mark,
    read_status,
)
from library.files.model import CutShort, FileEntry, FileRefused, FileWork, Format, Reading, clean_id, clean_titles
from library.stamps import REST, Stamp

CHUNK = 64 * 1024
LONGEST_TEXT = 4 * MAX_NOTES
"""Characters of one element that are kept; a longer one is left out."""
LONGEST_PIECE = 1024 * 1024
"""Bytes without any event: one tag or comment, which the parser keeps whole and looks through again and again."""
DEEPEST = 16
MOST_ELEMENTS = 2_000_000
"""An entry has about 24."""
ROOT = "myanimelist"
_KINDS = {words.row: kind for kind, words in ELEMENTS.items()}
_FORMAL = frozenset({"my_id", "update_on_import", "series_type", "my_discuss", "my_sns"})
"""Elements that every file has and that say nothing of a list: read over without a word."""
_NOTHING = ("", "0", "0.00", "low")
"""What an element holds that nobody has touched; "low" is the priority of most."""


def read_mal_xml(plain: BinaryIO) -> Reading:
    """Raises FileRefused for what is no such file or not safe to read. Whatever else is wrong is in the Reading."""
    reader = _Reader()
    try:
        while chunk := plain.read(CHUNK):
            reader.feed(chunk)
        reader.feed(b"", last=True)
    except expat.ExpatError as error:
        reader.reading.cut_short = f"From line {error.lineno} on this is no XML."
    except CutShort as error:
        reader.reading.cut_short = str(error)
    except FileRefused:
        raise
    except (LookupError, ValueError) as error:
        raise FileRefused("encoding", "This file is written in an encoding that is not known here.") from error
    if not reader.is_list:
        raise FileRefused("unknown", "This is not a list file of MyAnimeList.")
    return reader.reading


class _Reader:
    """One file while it is read. `_fields`: of the row that is open, None between rows."""

    def __init__(self) -> None:
        self.reading = Reading(Format.MAL_XML)
        self.is_list = False
        self._path: list[str] = []
        self._fields: dict[str, str] | None = None
        self._line = 0
        self._text: list[str] = []
        self._size = self._silent = self._elements = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._pass_over
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._refuse

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        self._silent += len(chunk)
        self._parser.Parse(chunk, last)
        if self._silent > LONGEST_PIECE:
            raise FileRefused("unsafe", "This file holds a single piece of more than 1 MB.")

    def _refuse(self, *_: object) -> None:
        raise FileRefused("unsafe", "This file declares a document type or entities, which no list needs.")

    def _pass_over(self, *_: object) -> None:
        self._silent = 0

    def _start(self, name: str, _: object) -> None:
        self._silent = 0
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise FileRefused("too_many", "This file has more elements than a list of a person.")
        self._path.append(name)
        if len(self._path) == 1:
            if name != ROOT:
                raise FileRefused("unknown", "This is not a list file of MyAnimeList.")
            self.is_list = True
        elif len(self._path) == 2 and name in _KINDS:
            self.reading.begin_row()
            self._fields, self._line = {}, self._parser.CurrentLineNumber
        elif len(self._path) > DEEPEST:
            raise FileRefused("unsafe", "This file is nested too deeply.")
        self._text, self._size = [], 0

    def _characters(self, text: str) -> None:
        self._silent = 0
        if self._fields is not None and len(self._path) == 3:
            self._size += len(text)
            if self._size <= LONGEST_TEXT:
                self._text.append(text)

    def _end(self, name: str) -> None:
        self._silent = 0
        if self._fields is not None and len(self._path) == 3:
            if self._size > LONGEST_TEXT:
                self.reading.complain(self._line, f"{name[:64]} is too long, so it is left out.")
            else:
                self._fields[ALIASES.get(name, name)] = "".join(self._text)
        elif self._fields is not None and len(self._path) == 2:
            _read_row(self.reading, _KINDS[name], self._fields, place=self._line)
            self._fields = None
        self._path.pop()
        self._text = []


def _read_row(reading: Reading, kind: Kind, fields: dict[str, str], *, place: int) -> None:
    words = ELEMENTS[kind]
    title = fields.pop(words.title, "") or fields.pop("series_title", "")
    work = FileWork(
        kind=kind,
        ids=dict(filter(None, [clean_id(SITE, fields.pop(words.id, ""))])),
        titles=clean_titles(title),
        total=_total(fields.pop(words.total, "")),
        volumes=_total(fields.pop(words.volumes, "")),
    )
    try:
        status = read_status(fields.pop("my_status", ""), fields.pop(words.repeating, ""))
    except InvalidEntry as error:
        reading.complain(place, f"The status {error.message}, so the entry is left out.", title=work.title)
        return
    entry = Entry(status, **_read_values(reading, words, fields, place=place, title=work.title))
    for name, text in fields.items():
        if name not in _FORMAL and text.strip().casefold() not in _NOTHING:
            reading.ignore(name)
    reading.entries.append(FileEntry(work, entry, {REST: Stamp(0.0, "file", SCALE)}, place))


def _read_values(
    reading: Reading, words: Elements, fields: dict[str, str], *, place: int, title: str
) -> dict[str, Any]:
    """The fields of an entry but its status; one that cannot be read is left out, and named."""
    elements = {
        "score": "my_score",
        "started_on": "my_start_date",
        "finished_on": "my_finish_date",
        "notes": "my_comments",
        "progress": words.progress,
        "progress_volumes": words.progress_volumes,
        "repeats": words.repeats,
    }
    values: dict[str, Any] = {}
    for name, element in elements.items():
        try:
            if element in fields:
                values[name] = _read_value(name, fields.pop(element))
        except InvalidEntry as error:
            reading.complain(place, f"{element}: {error.message}, so it is left out.", title=title)
    return values


def _read_value(name: str, text: str) -> Any:
    """Raises InvalidEntry."""
    if name == "score":
        return read_mark(text)
    if name in DATE_FIELDS:
        return read_day(text)
    return read_count(name, text) if name in COUNT_FIELDS else clean_value(name, text)


def _total(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
