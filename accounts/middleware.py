"""A signed-in person sees times in their own zone, and nothing of theirs is kept in a cache."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class PersonMiddleware:
    """After AuthenticationMiddleware. Costs no query for requests without a session cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zone_of(request.user.timezone)):
            response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            # ASVS 14.3.2: lists may tell more of a person than they would say aloud.
            response["Cache-Control"] = "no-store, private"
        return response


def zone_of(name: str) -> ZoneInfo:
    """UTC for a zone that this machine's table does not know (it may be older than the one that took the name)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
