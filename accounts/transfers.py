"""Files given out and taken in, on pages and by programs."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

FORM_BYTES = 64 * 1024
"""What a form adds to the file in it."""


def download(pieces: Iterable[bytes], *, content_type: str, name: str, ending: str) -> StreamingHttpResponse:
    """Sent while it is made. name: ASCII."""
    answer = StreamingHttpResponse(pieces, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y-%m-%d}.{ending}"'
    return answer


def is_too_large(request: HttpRequest, most: int) -> bool:
    """By the size that is announced, which is all that the server reads. most: bytes of the file in the form."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= most + FORM_BYTES)
