"""`slug` is a provider's slug or alias: a new provider needs no line here."""

from django.urls import path

from integrations.web import callbacks, views, ways

urlpatterns = [
    path("integrations/<slug:slug>/callback", callbacks.callback, name="oauth_callback"),
    path("connections/", views.connections, name="connections"),
    path("connections/<slug:slug>/", views.connection, name="connection"),
    path("connections/<slug:slug>/connect/", ways.connect, name="connect"),
    path("connections/<slug:slug>/sign-in/", ways.sign_in, name="sign_in"),
    path("connections/<slug:slug>/code/", ways.device_link, name="device_link"),
    path("connections/<slug:slug>/unlink/", views.unlink, name="unlink"),
    path("connections/<slug:slug>/app/", views.save_app, name="save_app"),
    path("connections/<slug:slug>/app/remove/", views.remove_app, name="remove_app"),
    path("connections/<slug:slug>/token/", ways.paste_token, name="paste_token"),
]
