"""Id tables from their hosts: asked once a day, over https, from known hosts only, and only for what is new."""

from __future__ import annotations

import gzip
import io
import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from integrations import tasks
from integrations.errors import Malformed, Transient
from integrations.services import fetching
from integrations.services.fetching import fetched
from integrations.services.tables import claim_due, update_table
from library.mappings import sources
from library.mappings.sources import SOURCES
from library.models import IdPair, IdTable
from library.services.id_tables import Origin

pytestmark = pytest.mark.django_db

RAW = "https://raw.githubusercontent.com"
ARM = json.dumps([{"anilist_id": 154587, "mal_id": 52991}]).encode()
Route = tuple[int, dict[str, str], bytes]


class Host:
    """A web server on loopback that stands for every host: routes by "host/path"."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = f"{self.headers['X-Meant-For']}{self.path}"
                host.seen.append((name, {key.lower(): value for key, value in self.headers.items()}))
                status, headers, body = host.routes.get(name, (404, {}, b""))
                if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                    status, body = 304, b""
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=_Detour(self.server.server_port), follow_redirects=False, trust_env=False)


class _Detour(httpx.BaseTransport):
    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Meant-For"] = request.url.host
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return self._inner.handle_request(request)


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _small_tables(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    settings.ID_TABLES = {"arm": f"{RAW}/arm.json"}
    settings.SANDBOX_URL = ""
    monkeypatch.setitem(SOURCES, "arm", replace(SOURCES["arm"], least=1))


def content_of(url: str, host: Host, **options: Any) -> bytes | None:
    with host.client() as client, fetched(url, client=client, **options) as download:
        if download.file is None:
            return None
        download.file.seek(0)
        return download.file.read()


def test_a_table_is_fetched_once_and_then_only_asked_about(host: Host) -> None:
    headers = {"ETag": '"abc"', "Last-Modified": "Tue, 24 Nov 2026 16:09:00 GMT"}
    host.routes["raw.githubusercontent.com/arm.json"] = (200, headers, ARM)
    with host.client() as client:
        first = update_table(SOURCES["arm"], client=client)
        second = update_table(SOURCES["arm"], client=client)
    assert first is not None
    assert second is not None
    assert (first.is_changed, second.is_changed, second.message) == (True, False, "unchanged")
    assert [seen.get("if-none-match") for _, seen in host.seen] == [None, '"abc"']
    assert host.seen[1][1]["if-modified-since"] == "Tue, 24 Nov 2026 16:09:00 GMT"
    assert IdPair.objects.count() == 1


def test_by_new_rules_or_by_force_it_is_fetched_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.routes["raw.githubusercontent.com/arm.json"] = (200, {"ETag": '"abc"'}, ARM)
    with host.client() as client:
        update_table(SOURCES["arm"], client=client)
        update_table(SOURCES["arm"], client=client, force=True)
        IdTable.objects.update(figures={"rules": sources.RULES - 1})
        update_table(SOURCES["arm"], client=client)
    assert [seen.get("if-none-match") for _, seen in host.seen] == [None, None, None]


@pytest.mark.parametrize("packing", ["transport", "file", "none"])
def test_gzip_is_understood(host: Host, packing: str) -> None:
    headers = {"Content-Encoding": "gzip"} if packing == "transport" else {}
    body = ARM if packing == "none" else gzip.compress(ARM)
    host.routes["raw.githubusercontent.com/arm.json"] = (200, headers, body)
    with host.client() as client:
        outcome = update_table(SOURCES["arm"], client=client)
    assert outcome is not None
    assert (outcome.state, outcome.figures["pairs"]) == ("good", 1)


def test_release_files_are_followed_to_where_they_are_kept(host: Host) -> None:
    elsewhere = "https://release-assets.githubusercontent.com/x?sig=1"
    host.routes["github.com/a"] = (302, {"Location": elsewhere}, b"")
    host.routes["release-assets.githubusercontent.com/x?sig=1"] = (200, {}, ARM)
    assert content_of("https://github.com/a", host) == ARM


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/x", "http://github.com/x", "https://u:p@github.com/x", "https://github.com.evil.example/x"],
)
def test_a_redirect_leads_nowhere_else(host: Host, target: str) -> None:
    host.routes["github.com/a"] = (302, {"Location": target}, b"")
    with pytest.raises(Malformed, match="not among its hosts"):
        content_of("https://github.com/a", host)
    assert len(host.seen) == 1


def test_a_circle_of_redirects_ends(host: Host) -> None:
    host.routes["github.com/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(Malformed, match="round"):
        content_of("https://github.com/a", host)
    assert len(host.seen) == fetching.MOST_REDIRECTS + 1


def test_plain_http_is_not_spoken(host: Host) -> None:
    with pytest.raises(Malformed):
        content_of("http://raw.githubusercontent.com/arm.json", host)
    assert host.seen == []


def test_an_operators_own_host_is_asked(host: Host) -> None:
    host.routes["mirror.example.org/arm.json"] = (200, {}, ARM)
    assert content_of("https://mirror.example.org/arm.json", host) == ARM


@pytest.mark.parametrize(
    ("route", "error"),
    [
        ((404, {}, b"Not found"), Malformed),
        ((503, {}, b""), Transient),
        ((429, {}, b""), Transient),
        ((200, {"Content-Encoding": "br"}, b"x"), Malformed),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), Transient),
        ((200, {"Content-Length": "500"}, b"[{"), Transient),
        ((200, {}, b"x" * 2001), Malformed),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 2001, mtime=0)), Malformed),
    ],
)
def test_what_is_no_table_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch, route: Route, error: type[Exception]
) -> None:
    monkeypatch.setattr(fetching, "MAX_SIZE", 2000)
    host.routes["raw.githubusercontent.com/arm.json"] = route
    with pytest.raises(error):
        content_of(f"{RAW}/arm.json", host)


def test_a_failure_is_noted_and_the_old_table_stays(host: Host) -> None:
    host.routes["raw.githubusercontent.com/arm.json"] = (200, {}, ARM)
    with host.client() as client:
        update_table(SOURCES["arm"], client=client)
        host.routes.clear()
        outcome = update_table(SOURCES["arm"], client=client)
    table = IdTable.objects.get(source="arm")
    assert outcome is not None
    assert (outcome.state, table.state, table.message) == ("failed", "failed", "The host of the table answered 404.")
    assert IdPair.objects.filter(gone_at=None).count() == 1


def test_nothing_personal_is_sent(host: Host) -> None:
    host.routes["raw.githubusercontent.com/arm.json"] = (200, {"Set-Cookie": "a=b"}, ARM)
    content_of(f"{RAW}/arm.json", host)
    content_of(f"{RAW}/arm.json", host, known=Origin('"x"'))
    assert {"authorization", "cookie"} & {name for _, headers in host.seen for name in headers} == set()


# When --------------------------------------------------------------------------------------------------------


def look_at(slug: str, hours: float, **values: Any) -> None:
    checked = timezone.now() - timedelta(hours=hours)
    IdTable.objects.update_or_create(source=slug, defaults={"checked_at": checked, **values})


def test_at_first_everything_with_an_address_is_due_and_only_once() -> None:
    assert claim_due() == ["arm", "starter"]
    assert claim_due() == []


@pytest.mark.parametrize(
    ("hours", "state", "is_due"),
    [(21, "good", False), (27, "good", True), (1, "failed", False), (3, "failed", True), (3, "refused", False)],
)
def test_a_table_is_due_a_day_after_a_look(hours: float, state: str, is_due: bool) -> None:
    look_at("starter", 0, imported_at=timezone.now())
    look_at("arm", hours, state=state, imported_at=timezone.now())
    assert (claim_due(draw=random.Random(1)) == ["arm"]) is is_due


def test_the_hour_is_drawn_anew() -> None:
    look_at("starter", 0, imported_at=timezone.now())
    answers = set()
    for seed in range(30):
        look_at("arm", 24, imported_at=timezone.now())
        answers.add(tuple(claim_due(draw=random.Random(seed))))
    assert answers == {(), ("arm",)}


def test_a_table_that_never_came_is_asked_for_again_soon() -> None:
    look_at("starter", 0, imported_at=timezone.now())
    look_at("arm", 3)
    assert claim_due() == ["arm"]


def test_with_a_sandbox_nothing_is_fetched(settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8800"
    assert claim_due() == ["starter"]
    assert update_table(SOURCES["arm"]) is None


def test_the_tick_sends_a_task_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.import_id_table, "delay", sent.append)
    tasks.check_id_tables()
    tasks.check_id_tables()
    assert sent == ["arm", "starter"]
    tasks.import_id_table("starter")
    tasks.import_id_table("gone_with_an_older_version")
    assert IdTable.objects.get(source="starter").figures["pairs"] > 300


# The command -------------------------------------------------------------------------------------------------


def run(*args: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_mappings", *args, stdout=out, **options)
    return out.getvalue()


def test_the_command_reads_a_folder_and_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "arm-0.224.0.json").write_bytes(b"[]")
    (tmp_path / "arm-0.225.0.json.gz").write_bytes(gzip.compress(ARM))
    said = run("arm", "fribb", place=str(tmp_path))
    assert said.splitlines()[0].startswith("arm: rows 1, pairs 1, ranges 0, conflicts 0, refused 0, flagged 0")
    assert said.splitlines()[1] == "fribb: no address or file"
    assert run("arm", place=str(tmp_path)) == "arm: unchanged\n"
    found = json.loads(run("arm", place=str(tmp_path), force=True, json=True))
    assert (found["source"], found["state"], found["figures"]["added"]) == ("arm", "good", 0)


def test_the_command_fails_when_a_table_was_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "half.json"
    file.write_bytes(ARM[:-3])
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 tables"):
        call_command("import_mappings", "arm", place=str(file), stdout=out)
    assert "arm: failed: The file ends in the middle" in out.getvalue()


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (["mal"], {}, "mal is no table"),
        ([], {"place": "nowhere"}, "does not exist"),
        (["arm", "fribb"], {"place": __file__}, "name the one table"),
    ],
)
def test_the_command_says_what_is_wrong(args: list[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*args, **options)
