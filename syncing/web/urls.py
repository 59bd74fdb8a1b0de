from django.urls import path

import accounts.web.converters  # noqa: F401 - registers <row:…>
from syncing.web import adding, files, leaving, places, reviews, unmatched, views, works

urlpatterns = [
    path("", views.home, name="home"),
    path("runs/", views.runs, name="runs"),
    path("runs/by-hand/", views.edits, name="edits"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/undo/", views.undo_run, name="undo_run"),
    path("runs/<uuid:run_id>/approve/", files.approve_import, name="approve_import"),
    path("runs/<uuid:run_id>/discard/", files.discard_import, name="discard_import"),
    path("changes/<row:change_id>/undo/", views.undo_change, name="undo_change"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<row:review_id>/", reviews.decide, name="decide"),
    path("unmatched/", unmatched.unmatched, name="unmatched"),
    path("unmatched/<row:row_id>/", unmatched.unmatched_entry, name="unmatched_entry"),
    path("unmatched/<row:row_id>/choose/", unmatched.choose, name="choose"),
    path("matches/<row:match_id>/undo/", unmatched.match_undo, name="match_undo"),
    path("library/add/", adding.add_title, name="library_add"),
    path("library/<row:media_id>/services/", works.work_matches, name="work_matches"),
    path("library/<row:media_id>/services/<slug:slug>/", works.work_match, name="work_match"),
    path("library/<row:media_id>/place/", places.place, name="place"),
    path("account/data/", files.your_data, name="your_data"),
    path("account/data/export/", files.export_list, name="export_list"),
    path("account/data/import/", files.import_list, name="import_list"),
    path("account/data/everything/", leaving.export_account, name="export_account"),
    path("account/erase/", leaving.erase_account, name="erase_account"),
    path("connections/<slug:slug>/sync/", views.sync_now, name="sync_now"),
    path("connections/<slug:slug>/preview/", views.preview, name="preview"),
    path("connections/<slug:slug>/pause/", views.pause, name="pause"),
]
