"""Links on their way, made by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from integrations.models import DeviceLink


def make_device_link(user: User, **values: Any) -> DeviceLink:
    now = timezone.now()
    values = {
        "provider": "trakt",
        "device_code": "planted-device-code",
        "user_code": "5055CC52",
        "verification_url": "https://trakt.tv/activate",
        "poll_seconds": 5,
        "next_poll_at": now + timedelta(seconds=5),
        "expires_at": now + timedelta(minutes=10),
        **values,
    }
    return DeviceLink.objects.create(user=user, **values)
