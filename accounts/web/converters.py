"""Path converters for our addresses. Imported for its effect by the URL modules that use one."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter


class RowId(IntConverter):
    """A whole number that a 64-bit column can hold; a longer one is an address of nothing, on every database."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "row")
