from django.urls import path

from library.web import views

urlpatterns = [
    path("library/", views.library, name="library"),
    path("library/<int:media_id>/", views.entry, name="library_entry"),
    path("library/<int:media_id>/remove/", views.remove, name="library_remove"),
]
