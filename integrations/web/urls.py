"""`slug` is a provider's slug or alias: a new provider needs no line here."""

from django.urls import path

from integrations.web import callbacks, views

urlpatterns = [
    path("integrations/<slug:slug>/callback", callbacks.callback, name="oauth_callback"),
    path("connections/", views.connections, name="connections"),
    path("connections/<slug:slug>/", views.connection, name="connection"),
    path("connections/<slug:slug>/connect/", views.connect, name="connect"),
    path("connections/<slug:slug>/unlink/", views.unlink, name="unlink"),
    path("connections/<slug:slug>/app/", views.save_app, name="save_app"),
    path("connections/<slug:slug>/app/remove/", views.remove_app, name="remove_app"),
    path("connections/<slug:slug>/token/", views.paste_token, name="paste_token"),
]
