"""Below /api/v1/. Without a slash at the end; one too many is redirected (accounts.api.unknown)."""

from __future__ import annotations

from django.urls import path

import notices.api.problems  # noqa: F401 - tells what refusals mean
from notices.api import channels

urlpatterns = [
    path("notifications", channels.Notices.as_view(), name="api_notices"),
    path("notifications/channels", channels.Channels.as_view(), name="api_channels"),
    path("notifications/channels/<uuid:channel_id>", channels.OneChannel.as_view(), name="api_channel"),
    path("notifications/channels/<uuid:channel_id>/try", channels.TryChannel.as_view(), name="api_try_channel"),
]
