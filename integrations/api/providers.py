"""How the services are, for everybody who is signed in: names no person, no address and no app."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import example
from accounts.api.views import PersonView
from integrations.api import serializers
from integrations.api.examples import PROVIDERS
from integrations.services.figures import Figure, Standing, standings


@extend_schema(tags=["providers"])
class Providers(PersonView):
    @extend_schema(
        summary="Services, outages and budgets",
        responses=serializers.ProviderShape(many=True),
        examples=[example("All is well", PROVIDERS)],
    )
    def get(self, request: Request) -> Response:
        """Requests are what is scarce, and everybody here shares them: `left` says how much there is."""
        shapes = [_shape(standing) for standing in standings()]
        return Response(serializers.ProviderShape(shapes, many=True).data)


def _shape(standing: Standing) -> dict[str, Any]:
    return {
        "provider": standing.slug,
        "name": standing.name,
        "is_enabled": standing.is_enabled,
        "state": _state(standing),
        "retry_seconds": max(standing.breaker.open_for, standing.blocked_for),
        "budgets": [_budget(figure) for figure in standing.figures],
    }


def _state(standing: Standing) -> str:
    if not standing.is_enabled:
        return "off"
    if not standing.is_known:
        return "unknown"
    if standing.breaker.state != "closed":
        return "away" if standing.breaker.state == "open" else "trying"
    return "slowed" if standing.blocked_for else "ok"


def _budget(figure: Figure) -> dict[str, Any]:
    return {
        "counts_by": figure.counts_by,
        "applies": figure.applies,
        "limit": figure.limit,
        "seconds": figure.window,
        "used": figure.used,
        "left": figure.left,
        "waiting": figure.waiting,
        "blocked_seconds": figure.blocked_for,
    }
