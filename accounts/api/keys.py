"""A person's access keys."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.paging import CursorPaging
from accounts.api.schema import example
from accounts.api.views import SessionView
from accounts.queries import keys_for_user
from accounts.services.keys import create_key, revoke_key

KEY = {
    "id": "0d2a8a0e-6a3e-4c4f-9d52-a3b1f0a5e6c7",
    "name": "Home server",
    "prefix": "enishi_k3x9ab2c",
    "scopes": ["read", "sync"],
    "created_at": "2026-11-26T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}


@extend_schema(tags=["account"])
class Keys(SessionView):
    confirmed = frozenset({"POST"})
    pagination_class = CursorPaging

    @extend_schema(
        summary="List access keys",
        responses=serializers.KeySerializer(many=True),
        examples=[example("One key", KEY)],
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(keys_for_user(self.person))
        return self.get_paginated_response(serializers.KeySerializer(page, many=True).data)

    @extend_schema(
        summary="Make an access key",
        request=serializers.NewKeySerializer,
        responses={201: serializers.MadeKeySerializer},
        examples=[
            example("For a script", {"name": "Home server", "scopes": ["read", "sync"]}, request=True),
            example("Made", {**KEY, "key": f"{KEY['prefix']}_{'x' * 43}"}, status=201),
        ],
    )
    def post(self, request: Request) -> Response:
        """The answer is the only place where the key is ever shown."""
        made = create_key(self.person, **self.read(serializers.NewKeySerializer))
        made.row.key = made.key  # type: ignore[attr-defined]
        return Response(self.show(serializers.MadeKeySerializer, made.row), status=201)


@extend_schema(tags=["account"])
class Key(SessionView):
    @extend_schema(summary="Revoke an access key", responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """It stops to work at once."""
        revoke_key(self.person, key_id=key_id)
        return Response(status=204)
