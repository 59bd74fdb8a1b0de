"""A list file of any kind, read within the limits. Pure."""

from __future__ import annotations

from typing import BinaryIO

from library.files.csv_file import read_csv
from library.files.json_file import read_json
from library.files.mal_xml import read_mal_xml
from library.files.model import CutShort, FileRefused, Format, Reading
from library.files.opening import guess_format, open_plain

_READERS = {Format.MAL_XML: read_mal_xml, Format.JSON: read_json, Format.CSV: read_csv}


def read_list(stream: BinaryIO, *, file_format: Format | None = None) -> Reading:
    """file_format: None = told by how the file begins. Raises FileRefused for what is not read at all."""
    try:
        plain = open_plain(stream)
        reading = _READERS[file_format or guess_format(plain)](plain)
    except CutShort as error:
        raise FileRefused("unknown", str(error)) from error
    if not reading.entries and reading.cut_short:
        raise FileRefused("unknown", f"Nothing in this file can be read. {reading.cut_short}")
    return reading
