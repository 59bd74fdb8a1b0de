"""Below /api/v1/. Without a slash at the end; one too many is redirected (accounts.api.unknown)."""

from __future__ import annotations

from django.urls import path

import integrations.api.problems  # noqa: F401 - tells what refusals mean
from integrations.api import catalogue, linking, settings
from integrations.api.providers import Providers

urlpatterns = [
    path("providers", Providers.as_view(), name="api_providers"),
    path("catalogue/search", catalogue.Search.as_view(), name="api_catalogue_search"),
    path("catalogue/seasonal", catalogue.Seasonal.as_view(), name="api_catalogue_seasonal"),
    path("catalogue/trending", catalogue.Trending.as_view(), name="api_catalogue_trending"),
    path("catalogue/<slug:provider>/<slug:kind>/<slug:external_id>", catalogue.Title.as_view(), name="api_catalogue"),
    path("integrations/settings", settings.Settings.as_view(), name="api_settings"),
    path("integrations/setup", settings.Setup.as_view(), name="api_setup"),
    path("integrations/<slug:provider>", settings.Service.as_view(), name="api_service"),
    path("integrations/<slug:provider>/app", settings.OwnApp.as_view(), name="api_own_app"),
    path("integrations/<slug:provider>/authorize", linking.Authorize.as_view(), name="api_authorize"),
    path("integrations/<slug:provider>/connect", linking.Connect.as_view(), name="api_connect"),
    path("integrations/<slug:provider>/device", linking.Device.as_view(), name="api_device"),
]
