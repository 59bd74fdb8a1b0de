from django.urls import path

from syncing.web import reviews, views

urlpatterns = [
    path("", views.home, name="home"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/undo/", views.undo_run, name="undo_run"),
    path("changes/<int:change_id>/undo/", views.undo_change, name="undo_change"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<int:review_id>/", reviews.decide, name="decide"),
    path("unmatched/", reviews.unmatched, name="unmatched"),
    path("connections/<slug:slug>/sync/", views.sync_now, name="sync_now"),
    path("connections/<slug:slug>/preview/", views.preview, name="preview"),
    path("connections/<slug:slug>/pause/", views.pause, name="pause"),
]
