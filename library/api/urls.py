"""Below /api/v1/. Without a slash at the end; one too many is redirected (accounts.api.unknown)."""

from __future__ import annotations

from django.urls import path

import accounts.web.converters  # noqa: F401 - registers <row:…>
import library.api.problems  # noqa: F401 - tells what refusals mean
from library.api import entries, entry, media, whole

urlpatterns = [
    path("library", entries.Entries.as_view(), name="api_entries"),
    path("library/bulk", whole.ManyEntries.as_view(), name="api_bulk"),
    path("library/counts", whole.Counts.as_view(), name="api_counts"),
    path("library/revision", whole.Revision.as_view(), name="api_revision"),
    path("library/<row:media_id>", entry.OneEntry.as_view(), name="api_entry"),
    path("media", media.Works.as_view(), name="api_works"),
    path("media/<row:media_id>", media.Work.as_view(), name="api_work"),
]
