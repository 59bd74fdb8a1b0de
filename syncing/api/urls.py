"""Below /api/v1/. Without a slash at the end; one too many is redirected (accounts.api.unknown)."""

from __future__ import annotations

from django.urls import path

import accounts.web.converters  # noqa: F401 - registers <row:…>
import syncing.api.problems  # noqa: F401 - tells what refusals mean
from syncing.api import adding, changes, exports, imports, leaving, mappings, reviews, runs, steering, unmatched
from syncing.api.sync import Sync

urlpatterns = [
    path(
        "catalogue/<slug:provider>/<slug:kind>/<slug:external_id>/entry",
        adding.CatalogueEntry.as_view(),
        name="api_catalogue_entry",
    ),
    path("integrations/sync", Sync.as_view(), name="api_sync"),
    path("imports", imports.Imports.as_view(), name="api_imports"),
    path("exports/list", exports.ListExport.as_view(), name="api_list_export"),
    path("account/export", leaving.AccountExport.as_view(), name="api_account_export"),
    path("runs", runs.Runs.as_view(), name="api_runs"),
    path("runs/<uuid:run_id>", runs.Run.as_view(), name="api_run"),
    path("runs/<uuid:run_id>/changes", changes.RunChanges.as_view(), name="api_run_changes"),
    path("runs/<uuid:run_id>/events", runs.RunEvents.as_view(), name="api_run_events"),
    path("runs/<uuid:run_id>/undo", steering.UndoRun.as_view(), name="api_undo_run"),
    path("runs/<uuid:run_id>/approve", steering.ApproveRun.as_view(), name="api_approve_run"),
    path("runs/<uuid:run_id>/discard", steering.DiscardRun.as_view(), name="api_discard_run"),
    path("changes", changes.Changes.as_view(), name="api_changes"),
    path("changes/<row:change_id>", changes.OneChange.as_view(), name="api_change"),
    path("changes/<row:change_id>/undo", changes.UndoChange.as_view(), name="api_undo_change"),
    path("reviews", reviews.Reviews.as_view(), name="api_reviews"),
    path("reviews/<row:review_id>", reviews.OneReview.as_view(), name="api_review"),
    path("mappings", mappings.Mappings.as_view(), name="api_mappings"),
    path("mappings/<row:match_id>", mappings.Mapping.as_view(), name="api_mapping"),
    path("mappings/unmatched", unmatched.UnmatchedRows.as_view(), name="api_unmatched_rows"),
    path("mappings/unmatched/<row:row_id>", unmatched.OneUnmatched.as_view(), name="api_unmatched"),
    path("mappings/unmatched/<row:row_id>/search", unmatched.UnmatchedSearch.as_view(), name="api_unmatched_search"),
    path("mappings/media/<row:media_id>", mappings.Places.as_view(), name="api_places"),
    path("mappings/media/<row:media_id>/<slug:provider>", mappings.Place.as_view(), name="api_place"),
]
