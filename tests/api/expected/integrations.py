"""Rows of integrations.api. Everybody has their own settings: what alice owns is not in the address."""

from __future__ import annotations

from typing import Any

from integrations.models import DeviceLink
from tests.api.matrix import Row, World, nothing
from tests.api.rows_of_links import make_device_link

ANILIST = {"provider": "anilist"}


def anilist(world: World) -> dict[str, Any]:
    return ANILIST


def trakt(world: World) -> dict[str, Any]:
    return {"provider": "trakt"}


def her_device(world: World) -> None:
    link: DeviceLink = make_device_link(world.people["alice"])
    world.hers["device"] = link


def at_trakt(world: World) -> dict[str, Any]:
    return {"provider": "trakt", "kind": "anime", "external_id": "1"}


# Trakt has no catalogue to look through, so that no service is asked here: tests/api/test_catalogue.py asks.
NO_CATALOGUE = "provider=trakt"
CHANGE = {"sync_ratings": False, "auto_sync": False}
ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/api/v1/providers"): Row(alice=200, others=200),
    ("GET", "/api/v1/catalogue/search"): Row(alice=409, others=409, query=f"?text=a&{NO_CATALOGUE}"),
    ("GET", "/api/v1/catalogue/seasonal"): Row(alice=409, others=409, query=f"?year=2006&season=fall&{NO_CATALOGUE}"),
    ("GET", "/api/v1/catalogue/trending"): Row(alice=409, others=409, query=f"?{NO_CATALOGUE}"),
    ("GET", "/api/v1/catalogue/<slug:provider>/<slug:kind>/<slug:external_id>"): Row(
        alice=409, others=409, where=at_trakt
    ),
    ("GET", "/api/v1/integrations/settings"): Row(alice=200, others=200, where=nothing),
    ("POST", "/api/v1/integrations/setup"): Row(
        alice=200,
        others=200,
        scope="write",
        body={"integration_type": "mal", "client_id": "mine"},
    ),
    ("GET", "/api/v1/integrations/<slug:provider>"): Row(alice=200, others=200, where=anilist),
    ("PUT", "/api/v1/integrations/<slug:provider>"): Row(alice=200, bob=200, scope="write", where=anilist, body=CHANGE),
    ("PATCH", "/api/v1/integrations/<slug:provider>"): Row(
        alice=200, bob=200, scope="write", where=anilist, body=CHANGE
    ),
    ("DELETE", "/api/v1/integrations/<slug:provider>"): Row(alice=204, bob=204, scope="write", where=anilist),
    ("DELETE", "/api/v1/integrations/<slug:provider>/app"): Row(
        alice=204, others=204, scope="write", where=lambda world: {"provider": "mal"}
    ),
    # No app is set up in tests: what is asked for is refused before any service is.
    ("POST", "/api/v1/integrations/<slug:provider>/authorize"): Row(
        alice=409, others=409, scope="write", where=anilist, body={}
    ),
    ("POST", "/api/v1/integrations/<slug:provider>/connect"): Row(
        alice=422, others=422, scope="write", where=anilist, body={"access_token": "short"}
    ),
    ("POST", "/api/v1/integrations/<slug:provider>/device"): Row(
        alice=409, others=409, scope="write", where=trakt, body={}
    ),
    ("GET", "/api/v1/integrations/<slug:provider>/device"): Row(alice=200, where=trakt, before=her_device),
}
