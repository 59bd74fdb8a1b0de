"""Rows of library.api. Works are everybody's; entries are one person's."""

from __future__ import annotations

from typing import Any

from tests.api.matrix import Row, World
from tests.web import rows


def entry(world: World) -> dict[str, Any]:
    return {"media_id": world.hers["entry"].media_id}


def new_work(world: World) -> dict[str, Any]:
    return {"media": rows.make_media("Barakamon").pk, "status": "planned"}


ANY = {"If-Match": "*"}
ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/api/v1/library"): Row(alice=200, others=200),
    ("POST", "/api/v1/library"): Row(alice=201, others=201, scope="write", body=new_work),
    ("POST", "/api/v1/library/bulk"): Row(
        alice=200, others=200, scope="write", body=lambda world: {"entries": [new_work(world)]}
    ),
    ("GET", "/api/v1/library/counts"): Row(alice=200, others=200),
    ("GET", "/api/v1/library/revision"): Row(alice=200, others=200),
    ("GET", "/api/v1/library/<row:media_id>"): Row(alice=200, where=entry),
    ("PATCH", "/api/v1/library/<row:media_id>"): Row(
        alice=200, scope="write", where=entry, body={"score": 90}, headers=ANY
    ),
    ("PUT", "/api/v1/library/<row:media_id>"): Row(
        alice=200, scope="write", where=entry, body={"status": "dropped"}, headers=ANY
    ),
    ("DELETE", "/api/v1/library/<row:media_id>"): Row(alice=204, scope="write", where=entry),
    ("GET", "/api/v1/media"): Row(alice=200, others=200),
    ("GET", "/api/v1/media/<row:media_id>"): Row(alice=200, others=200, where=entry),
}
