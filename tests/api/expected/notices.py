"""Rows of notices.api."""

from __future__ import annotations

from typing import Any

from notices.services.channels import add_channel
from tests.api.matrix import Row, World

HOOK: dict[str, Any] = {"way": "webhook", "address": "https://hooks.example.org/enishi", "events": ["sync_failed"]}


def her_channel(world: World) -> None:
    world.hers["channel"] = add_channel(world.people["alice"], **HOOK)[0]


def channel(world: World) -> dict[str, Any]:
    return {"channel_id": world.hers["channel"].pk}


ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/api/v1/notifications"): Row(alice=200, others=200),
    ("GET", "/api/v1/notifications/channels"): Row(alice=200, others=200),
    ("POST", "/api/v1/notifications/channels"): Row(alice=201, others=201, scope="write", body=HOOK),
    ("GET", "/api/v1/notifications/channels/<uuid:channel_id>"): Row(alice=200, where=channel, before=her_channel),
    ("PATCH", "/api/v1/notifications/channels/<uuid:channel_id>"): Row(
        alice=200, scope="write", where=channel, before=her_channel, body={"events": []}
    ),
    ("DELETE", "/api/v1/notifications/channels/<uuid:channel_id>"): Row(
        alice=204, scope="write", where=channel, before=her_channel
    ),
    ("POST", "/api/v1/notifications/channels/<uuid:channel_id>/try"): Row(
        alice=202, scope="write", where=channel, before=her_channel
    ),
}
