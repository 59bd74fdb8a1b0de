"""Rows of syncing.api. Whatever an address names of alice's is not there for anybody else."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from syncing.models import Review, SyncRun
from tests.api.matrix import Row, World
from tests.web import rows


def run(world: World) -> dict[str, Any]:
    return {"run_id": world.hers["run"].pk}


def change(world: World) -> dict[str, Any]:
    return {"change_id": world.hers["change"].pk}


def review(world: World) -> dict[str, Any]:
    return {"review_id": world.hers["review"].pk}


def unmatched(world: World) -> dict[str, Any]:
    return {"row_id": world.hers["unmatched"].pk}


def place(world: World) -> dict[str, Any]:
    return {"media_id": world.hers["entry"].media_id, "provider": "anilist"}


def preview(world: World) -> None:
    connection = world.hers["connection"]
    made: SyncRun = rows.make_run(connection, state="preview", purpose="preview")
    Review.objects.filter(connection=connection).delete()
    world.hers["run"] = made


def a_file(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("list.csv", b"kind,title,myanimelist_id,status\nanime,Mushishi,457,completed\n")}


def at_trakt(world: World) -> dict[str, Any]:
    return {"provider": "trakt", "kind": "anime", "external_id": "1"}


ROWS: dict[tuple[str, str], Row] = {
    # Trakt has no catalogue to look through, so that no service is asked here.
    ("POST", "/api/v1/catalogue/<slug:provider>/<slug:kind>/<slug:external_id>/entry"): Row(
        alice=409, others=409, scope="write", where=at_trakt, body={"status": "planned"}
    ),
    # bob syncs his own; charlie and staff have nothing to sync.
    ("POST", "/api/v1/integrations/sync"): Row(alice=202, bob=202, others=409, scope="sync", body={}),
    ("POST", "/api/v1/imports"): Row(alice=201, others=201, scope="write", body=a_file),
    ("GET", "/api/v1/exports/list"): Row(alice=200, others=200),
    ("GET", "/api/v1/account/export"): Row(alice=200, others=200, by="session"),
    ("POST", "/api/v1/account/export"): Row(alice=200, others=200, by="session"),
    ("GET", "/api/v1/runs"): Row(alice=200, others=200),
    ("GET", "/api/v1/runs/<uuid:run_id>"): Row(alice=200, where=run),
    ("GET", "/api/v1/runs/<uuid:run_id>/changes"): Row(alice=200, where=run),
    ("GET", "/api/v1/runs/<uuid:run_id>/events"): Row(alice=200, where=run),
    ("POST", "/api/v1/runs/<uuid:run_id>/undo"): Row(alice=202, scope="sync", where=run),
    ("POST", "/api/v1/runs/<uuid:run_id>/approve"): Row(alice=202, scope="sync", where=run, before=preview),
    ("POST", "/api/v1/runs/<uuid:run_id>/discard"): Row(alice=200, scope="sync", where=run, before=preview),
    ("GET", "/api/v1/changes"): Row(alice=200, others=200),
    ("GET", "/api/v1/changes/<row:change_id>"): Row(alice=200, where=change),
    ("POST", "/api/v1/changes/<row:change_id>/undo"): Row(alice=202, scope="sync", where=change),
    ("GET", "/api/v1/reviews"): Row(alice=200, others=200),
    ("POST", "/api/v1/reviews"): Row(
        alice=200,
        others=400,
        scope="sync",
        body=lambda world: {"answers": [{"id": world.hers["review"].pk, "choice": "approve"}]},
    ),
    ("GET", "/api/v1/reviews/<row:review_id>"): Row(alice=200, where=review),
    ("POST", "/api/v1/reviews/<row:review_id>"): Row(alice=200, scope="sync", where=review, body={"choice": "approve"}),
    ("GET", "/api/v1/mappings"): Row(alice=200, others=200),
    ("DELETE", "/api/v1/mappings/<row:match_id>"): Row(
        alice=204, scope="write", where=lambda world: {"match_id": world.hers["match"].pk}
    ),
    ("GET", "/api/v1/mappings/unmatched"): Row(alice=200, others=200),
    ("GET", "/api/v1/mappings/unmatched/<row:row_id>"): Row(alice=200, where=unmatched),
    ("POST", "/api/v1/mappings/unmatched/<row:row_id>"): Row(
        alice=204, scope="write", where=unmatched, body={"choice": "alone"}
    ),
    ("GET", "/api/v1/mappings/unmatched/<row:row_id>/search"): Row(alice=200, where=unmatched, query="?text=mushi"),
    ("GET", "/api/v1/mappings/media/<row:media_id>"): Row(
        alice=200, where=lambda world: {"media_id": world.hers["entry"].media_id}
    ),
    ("PUT", "/api/v1/mappings/media/<row:media_id>/<slug:provider>"): Row(
        alice=204, scope="write", where=place, body={"external_id": "457"}
    ),
    ("DELETE", "/api/v1/mappings/media/<row:media_id>/<slug:provider>"): Row(alice=204, scope="write", where=place),
}
