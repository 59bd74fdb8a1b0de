"""A setup of anilist-mal-sync is taken over: what can be, and in words what cannot; no secret is ever shown."""

from __future__ import annotations

import base64
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from integrations.crypto import Secret
from integrations.errors import AuthRevoked, Transient
from integrations.models import Connection, ProviderApp
from integrations.oauth import Grant
from integrations.providers.base import Account, Provider
from integrations.services import linking
from library.models import ExternalId, PersonMatch
from syncing.services.foreign_reading import ForeignService, SetupRefused, read_setup
from tests.web import rows

pytestmark = pytest.mark.django_db

CONFIG = """
oauth:
  port: 18080
  redirect_uri: "http://localhost:18080/callback"
anilist:
  client_id: "12345"
  client_secret: "planted-anilist-secret"
  username: "alice"
myanimelist:
  client_id: "0123456789abcdef"
  client_secret: "planted-mal-secret"
  username: "Somebody"
sync:
  mode: "anilist-to-mal"
  interval: 5
  log_level: "INFO"
  dry_run: true
http_timeout: 30s
"""
TOKENS = {
    "tokens": {
        "anilist": {
            "access_token": "planted-anilist-token",
            "token_type": "Bearer",
            "expiry": "2999-01-01T00:00:00.5Z",
        },
        "mal": {"access_token": "planted-mal-token", "refresh_token": "planted-mal-refresh"},
    }
}
MAPPINGS = """
manual_mappings:
  - anilist_id: 1
    mal_id: 11
  - anilist_id: 2
    mal_id: 22
ignore:
  anilist_ids: [5, 6, "x"]
  titles: ["Some show"]
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which services were asked whose token it is, with which app."""
    noted: list[tuple[str, str]] = []

    def identify(service: Provider, grant: Grant, *, client_id: str = "", person: str) -> Account:
        noted.append((service.slug, client_id))
        return Account("77", "alice", f"https://{service.slug}.test")

    monkeypatch.setattr(linking, "identify", identify)
    return noted


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {"config": tmp_path / "config.yaml", "tokens": tmp_path / "tokens.json", "mappings": tmp_path / "m.yaml"}
    made["config"].write_text(CONFIG)
    made["tokens"].write_text(json.dumps(TOKENS))
    made["mappings"].write_text(MAPPINGS)
    for path in made.values():
        path.chmod(0o600)
    return made


def run(files: dict[str, Path], *names: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    given = {name: files[name] for name in names}
    call_command(
        "import_anilist_mal_sync", files["config"], user="alice@example.org", stdout=out, stderr=err, **given, **options
    )
    return out.getvalue(), err.getvalue()


def test_all_of_it_is_taken_over(alice: User, files: dict[str, Path], asked: list[tuple[str, str]]) -> None:
    told, warned = run(files, "tokens")
    anilist, mal = (Connection.objects.get(provider=slug) for slug in ("anilist", "myanimelist"))
    assert (anilist.state, anilist.direction, mal.direction) == ("active", "import_only", "export_only")
    assert (anilist.access_token, mal.refresh_token) == (Secret("planted-anilist-token"), Secret("planted-mal-refresh"))
    assert (anilist.kinds, anilist.interval_minutes, anilist.approved_at) == (["anime"], 15, None)
    assert anilist.token_expires_at is not None
    assert anilist.token_expires_at.year == 2999
    assert asked == [("anilist", "12345"), ("myanimelist", "0123456789abcdef")]
    assert [app.client_secret for app in ProviderApp.objects.order_by("provider")] == [
        Secret("planted-anilist-secret"),
        Secret("planted-mal-secret"),
    ]
    for sentence in (
        "AniList: linked as alice. Its first sync waits for your yes.",
        "MyAnimeList: direction export_only, interval minutes 15.",
        "MyAnimeList: the file names another account than the one that is linked.",
        "AniList: 5 minutes is out of range, so the nearest is taken.",
        "It knew anime only, so manga is switched off",
        "dry_run: the first sync of each service is shown here",
        "http_timeout has no like here.",
        "sync.log_level has no like here.",
    ):
        assert sentence in told
    assert ("planted" in told + warned, warned) == (False, "")


def test_twice_is_once(alice: User, files: dict[str, Path], asked: list[tuple[str, str]]) -> None:
    run(files, "tokens")
    before = list(Connection.objects.order_by("provider").values("pk", "token_version", "direction"))
    told, _ = run(files, "tokens")
    assert "AniList is linked here already; that link stays as it is." in told
    assert list(Connection.objects.order_by("provider").values("pk", "token_version", "direction")) == before


def test_without_tokens_links_wait_for_their_person(
    alice: User, files: dict[str, Path], asked: list[tuple[str, str]]
) -> None:
    told, _ = run(files)
    assert asked == []
    assert "AniList: there is no token, so sign in on its page here." in told
    assert set(Connection.objects.values_list("state", "direction")) == {
        ("needs_login", "import_only"),
        ("needs_login", "export_only"),
    }
    client = Client()
    client.force_login(alice)
    assert b"Needs you to sign in again" in client.get("/").content
    for path in ("/connections/", "/connections/anilist/"):
        assert client.get(path).status_code == 200


def test_signing_in_later_keeps_what_was_taken_over(
    alice: User, files: dict[str, Path], asked: list[tuple[str, str]]
) -> None:
    run(files)
    grant = Grant(Secret("planted-new-token"), None, None)
    from integrations.providers import registry

    service = registry.get("anilist")
    linking.store_link(alice, service, account=Account("77", "alice"), grant=grant, app=None)
    row = Connection.objects.get(provider="anilist")
    assert (row.state, row.direction, row.kinds, row.message) == ("active", "import_only", ["anime"], "")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (AuthRevoked("no"), "AniList does not accept its token any more"),
        (Transient("AniList does not answer."), "AniList: AniList does not answer. Please try again"),
    ],
)
def test_a_service_that_does_not_take_the_token_is_told(
    error: Exception, text: str, alice: User, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Account:
        raise error

    monkeypatch.setattr(linking, "identify", refuse)
    told, _ = run(files, "tokens")
    assert text in told
    assert set(Connection.objects.values_list("state", flat=True)) == {"needs_login"}


def test_a_token_that_says_it_is_over_is_not_tried(
    alice: User, files: dict[str, Path], asked: list[tuple[str, str]]
) -> None:
    """By its own word, whatever the file says: the Python program writes local time as if it were UTC."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_000_000_000}).encode()).decode().rstrip("=")
    old = {"access_token": f"e.{claims}.s", "expiry": "2999-01-01T00:00:00Z"}
    files["tokens"].write_text(json.dumps({"anilist": old, "myanimelist": TOKENS["tokens"]["mal"]}))
    told, _ = run(files, "tokens")
    assert "AniList: its access has run out, so sign in on its page here." in told
    assert [slug for slug, _ in asked] == ["myanimelist"]


def test_an_account_of_somebody_else_stays_theirs(
    alice: User, bob: User, files: dict[str, Path], asked: list[tuple[str, str]]
) -> None:
    rows.make_connection(bob, account_id="77")
    told, _ = run(files, "tokens")
    assert "already linked by somebody else here" in told
    assert Connection.objects.get(user=alice, provider="anilist").state == "needs_login"


def test_samples_are_nothing(alice: User, files: dict[str, Path]) -> None:
    files["config"].write_text("anilist:\n  client_id: YOUR_ANILIST_CLIENT_ID_HERE\n  client_secret: your_secret\n")
    setup = read_setup(files["config"])
    assert set(setup.services.values()) == {ForeignService()}
    told, _ = run(files)
    assert (told, Connection.objects.count()) == ("", 0)


def test_what_was_ignored_and_paired_by_hand_are_own_choices(alice: User, files: dict[str, Path]) -> None:
    media = rows.make_media("One")
    ExternalId.objects.create(media=media, provider="anilist", kind="anime", external_id="1", source="anilist")
    manga = rows.make_media("Five", kind="manga")
    ExternalId.objects.create(media=manga, provider="anilist", kind="manga", external_id="5", source="anilist")
    told, _ = run(files, "mappings")
    said = set(PersonMatch.objects.values_list("provider", "kind", "external_id", "media"))
    assert said == {
        ("anilist", "manga", "5", None),
        ("anilist", "anime", "6", None),
        ("anilist", "manga", "6", None),
        ("myanimelist", "anime", "11", media.pk),
    }
    assert "AniList 2 = MyAnimeList 22: not known here yet" in told
    assert "“Some show” was ignored by its title" in told


def test_the_program_in_go_is_understood_too(files: dict[str, Path]) -> None:
    files["config"].write_text('mal:\n  client_id: "abc"\nwatch:\n  interval: "24h"\n')
    setup = read_setup(files["config"])
    assert (setup.minutes, setup.anime_only, setup.mode) == (1440, False, "")
    assert setup.services["myanimelist"].client_id == "abc"


def test_a_file_that_others_can_read_is_warned_about(alice: User, files: dict[str, Path]) -> None:
    files["config"].chmod(0o644)
    _, warned = run(files)
    assert warned == f"warning: others on this machine can read {files['config']}; chmod 600 it, or delete it\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "line 1: this is no YAML"),
        ("- a\n- b\n", "this is not a file of anilist-mal-sync"),
        ("a: &x {b: planted-secret}\nc: *x\n", "uses anchors or references"),
        ("a: " + "[" * 5000, "this is no YAML"),
        ("sync: {mode: sideways}", "sync.mode must be one of"),
        ("!!python/object/apply:os.system ['true']", "this is no YAML"),
        ("x: " + "a" * 300_000, "larger than any"),
        ("a: planted-secret: b", "this is no YAML"),
    ],
)
def test_what_is_no_such_file_is_refused_without_quoting_it(text: str, why: str, alice: User, files: Any) -> None:
    files["config"].write_text(text)
    with pytest.raises(CommandError) as caught:
        run(files)
    assert why in str(caught.value)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_broken_tokens_are_refused(data: bytes, files: dict[str, Path]) -> None:
    files["tokens"].write_bytes(data)
    with pytest.raises(SetupRefused):
        read_setup(files["config"], files["tokens"])


def test_missing_files_and_people_are_named(alice: User, files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_anilist_mal_sync", tmp_path / "none.yaml", user="alice@example.org")
    with pytest.raises(CommandError, match="nobody here"):
        call_command("import_anilist_mal_sync", files["config"], user="nobody@example.org")
