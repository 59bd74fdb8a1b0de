"""A person's list given out as a file."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from accounts.api.negotiation import AsItIs
from accounts.api.views import PersonView
from accounts.transfers import download
from library.entry import Kind
from library.files.model import Format
from syncing.api import serializers
from syncing.services import exporting

KINDS = [kind.partition(";")[0] for kind, _ in exporting.TYPES.values()]
JSON = "application/json"
EMPTY = {"format": "enishi-list", "version": 1, "exported_at": "2026-11-26T12:00:00+00:00", "entries": []}


@extend_schema(tags=["files"])
class ListExport(PersonView):
    # Without HEAD: the server would make the whole file to throw it away.
    http_method_names = ["get"]
    limits = {"GET": "files"}
    content_negotiation_class = AsItIs

    @extend_schema(
        summary="Export the list",
        parameters=[serializers.ExportSerializer],
        responses={(200, kind): OpenApiTypes.BINARY for kind in KINDS if kind != JSON}
        | {(200, JSON): OpenApiTypes.OBJECT},
        examples=[OpenApiExample("Nothing yet", EMPTY, media_type=JSON, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """json is complete, and can be imported again; csv is for spreadsheets; mal_xml, packed by gzip, is for
        MyAnimeList, AniList and others."""
        given = self.read_query(serializers.ExportSerializer)
        chosen = Format(given["format"])
        file = exporting.list_file(
            self.person,
            file_format=chosen,
            kind=Kind(given["kind"]) if "kind" in given else None,
            with_private=given.get("private", chosen is not Format.MAL_XML),
        )
        return download(file.pieces, content_type=file.content_type, name=file.name, ending=file.ending)
