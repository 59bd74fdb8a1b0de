"""A list as a table: one row an entry, for spreadsheets and other programs. Pure.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, and loses it when it is read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from library.entry import COUNT_FIELDS, FIELDS, Entry, InvalidEntry, Kind, clean_value, to_json
from library.files.model import CutShort, FileEntry, FileRefused, FileWork, Format, Reading, clean_id, clean_titles
from library.stamps import REST, Stamp, stamp_of

LONGEST_LINE = 512 * 1024
"""Characters. A note has 65,536 at the most, of which each may be two."""
MOST_LINES = 1_000_000
"""Empty ones and those within notes too."""
MOST_COLUMNS = 100
_ID = "_id"
_KNOWN = ("kind", "title", "updated_at", *FIELDS)
_NUMBERS = COUNT_FIELDS | {"score"}
_RISKY = re.compile(r"'*[=+\-@\t\r\n|]")
_SHIELDED = re.compile(r"'+[=+\-@\t\r\n|]")
_TRUE, _FALSE = frozenset({"true", "yes", "1", "x"}), frozenset({"false", "no", "0", ""})


def write_csv(entries: Iterable[FileEntry], *, sites: Sequence[str]) -> Iterator[str]:
    """Pieces of the file. sites: whose ids get a column."""
    page = io.StringIO(newline="")
    table = csv.writer(page)
    columns = ["kind", "title", *(f"{site}{_ID}" for site in sites), *FIELDS, "updated_at"]
    table.writerow(columns)
    for each in entries:
        values = {name: to_json(name, each.entry.get(name)) for name in FIELDS}
        ids = [each.work.ids.get(site, "") for site in sites]
        texts = [each.work.title, *ids, *(values[name] for name in FIELDS), _latest(each)]
        table.writerow([each.work.kind, *(shield(text) if isinstance(text, str) else text for text in texts)])
        yield page.getvalue()
        page.seek(0)
        page.truncate()
    yield page.getvalue()


def shield(text: str) -> str:
    """With an apostrophe where a spreadsheet would calculate; see `unshield`."""
    return f"'{text}" if _RISKY.match(text) else text


def unshield(text: str) -> str:
    return text[1:] if _SHIELDED.match(text) else text


def _latest(each: FileEntry) -> str:
    at = max(stamp_of(each.stamps, name).at for name in FIELDS)
    return datetime.fromtimestamp(at, UTC).isoformat() if at else ""


def read_csv(plain: io.BufferedReader) -> Reading:
    """With commas, semicolons or tabs between. Raises FileRefused for what is no such table. Whatever else is wrong is
    in the Reading."""
    reading = Reading(Format.CSV)
    # Spreadsheets may write UTF-16, which says so in its first two bytes.
    encoding = "utf-16" if plain.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = io.TextIOWrapper(plain, encoding=encoding, newline="")
    try:
        _read_table(reading, _lines(text))
    except csv.Error:
        reading.cut_short = f"After row {reading.rows} this is no table."
    except CutShort as error:
        reading.cut_short = str(error)
    except UnicodeDecodeError as error:
        raise FileRefused("encoding", "This table is not written in UTF-8. Save it as “CSV UTF-8”.") from error
    finally:
        # Else closing the wrapper would close what it was given.
        text.detach()
    return reading


def _read_table(reading: Reading, lines: Iterator[str]) -> None:
    head = next(lines, "")
    between = max(",;\t", key=head.count)
    columns = [name.strip().casefold() for name in next(csv.reader([head], delimiter=between), [])]
    _check(columns)
    for name in columns:
        if name and name not in _KNOWN and not name.endswith(_ID):
            reading.ignore(name)
    table = csv.reader(lines, delimiter=between)
    for cells in table:
        if any(cells):
            reading.begin_row()
            _read_row(reading, dict(zip(columns, map(unshield, cells), strict=False)), place=table.line_num + 1)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines with their ends."""
    for _ in range(MOST_LINES):
        line = text.readline(LONGEST_LINE)
        if len(line) >= LONGEST_LINE:
            raise FileRefused("unsafe", "This table holds a line that is too long for a list.")
        if not line:
            return
        yield line
    raise FileRefused("too_many", f"This table has more than {MOST_LINES:,} lines.")


def _check(columns: Sequence[str]) -> None:
    named = [name for name in columns if name]
    if not {"kind", "status"} <= {*named} or len(columns) > MOST_COLUMNS or len({*named}) < len(named):
        raise FileRefused(
            "unknown", "This is no list as Enishi writes it: its first line must name the columns, kind and status too."
        )


def _read_row(reading: Reading, row: Mapping[str, str], *, place: int) -> None:
    titles = clean_titles(row.get("title", ""))
    title = titles[0] if titles else ""
    kind = row.get("kind", "").strip().casefold()
    if kind not in tuple(Kind):
        reading.complain(place, "Its kind is neither anime nor manga, so the entry is left out.", title=title)
        return
    values: dict[str, Any] = {}
    for name in FIELDS:
        try:
            values[name] = _read_cell(name, row.get(name, ""))
        except InvalidEntry as error:
            reading.complain(place, f"{name} {error.message}, so it is left out.", title=title)
    if "status" not in values:
        return
    ids = (clean_id(name.removesuffix(_ID), value) for name, value in row.items() if name.endswith(_ID))
    stamps = {REST: Stamp(_read_time(row.get("updated_at", "")), "file")}
    work = FileWork(Kind(kind), dict(filter(None, ids)), titles)
    reading.entries.append(FileEntry(work, Entry(**values), stamps, place))


def _read_cell(name: str, text: str) -> Any:
    """An empty cell says nothing. Raises InvalidEntry."""
    if name == "notes":
        return clean_value(name, text)
    text = text.strip().casefold()
    if name == "private":
        if text not in _TRUE | _FALSE:
            raise InvalidEntry(name, "must be true or false")
        return text in _TRUE
    if name in _NUMBERS:
        # Spreadsheets like to make 12 into 12.0.
        text = (text or "0").removesuffix(".0")
        return clean_value(name, int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text)
    return clean_value(name, text)


def _read_time(text: str) -> float:
    """ISO 8601 as unix seconds, 0 for what is no time."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0.0
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
