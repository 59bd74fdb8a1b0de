"""Tables come plain or as gzip, and say so by their first bytes."""

from __future__ import annotations

import gzip
from typing import BinaryIO, cast

_GZIP = b"\x1f\x8b"


def unpacked(stream: BinaryIO) -> BinaryIO:
    """From the beginning. Reading may raise EOFError, OSError or zlib.error for a broken packing."""
    stream.seek(0)
    is_packed = stream.read(2) == _GZIP
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream, mode="rb")) if is_packed else stream
