from django.urls import path

import accounts.web.converters  # noqa: F401 - registers <row:…>
from library.web import views

urlpatterns = [
    path("library/", views.library, name="library"),
    path("library/<row:media_id>/", views.entry, name="library_entry"),
    path("library/<row:media_id>/remove/", views.remove, name="library_remove"),
]
