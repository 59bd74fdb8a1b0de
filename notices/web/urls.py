from __future__ import annotations

from django.urls import path

from notices.web import views

urlpatterns = [
    path("account/notifications/", views.notifications, name="notifications"),
    path("account/notifications/add/", views.add, name="add_channel"),
    path("account/notifications/<uuid:channel_id>/", views.change, name="change_channel"),
    path("account/notifications/<uuid:channel_id>/remove/", views.remove, name="remove_channel"),
    path("account/notifications/<uuid:channel_id>/try/", views.try_one, name="try_channel"),
]
