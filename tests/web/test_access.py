"""Who may see and do what on the pages, and what every answer must carry."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notices.models import Channel
from tests.web import rows

PAGES = (
    "account",
    "access_keys",
    "library",
    "library_entry",
    "library_remove",
    "connections",
    "connection",
    "device_link",
    "unlink",
    "home",
    "runs",
    "edits",
    "run",
    "reviews",
    "unmatched",
    "unmatched_entry",
    "work_matches",
    "work_match",
    "place",
    "your_data",
    "export_account",
    "erase_account",
    "notifications",
    "library_add",
)
ACTIONS = (
    "revoke_key",
    "add_channel",
    "change_channel",
    "remove_channel",
    "try_channel",
    "connect",
    "save_app",
    "remove_app",
    "paste_token",
    "sign_in",
    "sync_now",
    "preview",
    "pause",
    "undo_run",
    "undo_change",
    "decide",
    "choose",
    "match_undo",
    "export_list",
    "import_list",
    "approve_import",
    "discard_import",
)
OWNED = (
    *(
        "revoke_key",
        "library_entry",
        "library_remove",
        "run",
        "undo_run",
        "undo_change",
        "decide",
        "unlink",
        "sync_now",
        "pause",
    ),
    *(
        "approve_import",
        "discard_import",
        "unmatched_entry",
        "change_channel",
        "remove_channel",
        "try_channel",
        "choose",
        "match_undo",
        "work_matches",
        "work_match",
        "place",
    ),
)
pytestmark = pytest.mark.usefixtures("no_service")
OUR_APPS = ("accounts", "library", "integrations", "syncing", "notices")


def urls_of(made: dict[str, Any]) -> dict[str, str]:
    """The address of every page and action, for the rows of `rows.make_all`."""
    arguments: dict[str, list[Any]] = {
        "library_entry": [made["entry"].media_id],
        "library_remove": [made["entry"].media_id],
        "run": [made["run"].pk],
        "undo_run": [made["run"].pk],
        "approve_import": [made["run"].pk],
        "discard_import": [made["run"].pk],
        "undo_change": [made["change"].pk],
        "decide": [made["review"].pk],
        "unmatched_entry": [made["unmatched"].pk],
        "choose": [made["unmatched"].pk],
        "match_undo": [made["match"].pk],
        "work_matches": [made["entry"].media_id],
        "work_match": [made["entry"].media_id, "anilist"],
        "place": [made["entry"].media_id],
        "device_link": ["trakt"],
        "change_channel": [made["channel"].pk],
        "remove_channel": [made["channel"].pk],
        "try_channel": [made["channel"].pk],
        "revoke_key": [made["key"].pk if "key" in made else uuid4()],
    }
    plain = {
        "your_data",
        "export_account",
        "erase_account",
        "export_list",
        "import_list",
        "notifications",
        "add_channel",
        "library_add",
    }
    plain |= {"access_keys", "account", "library", "connections", "home", "runs", "edits", "reviews", "unmatched"}
    for name in (*PAGES, *ACTIONS):
        arguments.setdefault(name, [] if name in plain else ["anilist"])
    return {name: reverse(name, args=given) for name, given in arguments.items()}


def count_rows() -> dict[str, int]:
    models = [model for label in OUR_APPS for model in apps.get_app_config(label).get_models()]
    return {model.__name__: model._default_manager.count() for model in models}


@pytest.fixture
def hers(alice: User) -> dict[str, str]:
    return urls_of(rows.make_all(alice))


def test_no_route_of_ours_is_forgotten_here() -> None:
    from accounts.web.urls import urlpatterns as accounts
    from integrations.web.urls import urlpatterns as integrations
    from library.web.urls import urlpatterns as library
    from notices.web.urls import urlpatterns as notices
    from syncing.web.urls import urlpatterns as syncing

    names = {pattern.name for pattern in (*accounts, *library, *integrations, *syncing, *notices)}
    assert names == {*PAGES, *ACTIONS, "oauth_callback"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_its_owner_something(name: str, hers: dict[str, str], alice_client: Client) -> None:
    assert alice_client.get(hers[name]).status_code == 200


@pytest.mark.parametrize("name", [name for name in (*PAGES, *ACTIONS) if name != "home"])
def test_a_stranger_is_sent_to_sign_in(name: str, hers: dict[str, str], client: Client) -> None:
    send = client.post if name in ACTIONS else client.get
    answer = send(hers[name])
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={hers[name]}"


@pytest.mark.parametrize("name", OWNED)
def test_what_is_someone_elses_is_not_found(name: str, hers: dict[str, str], charlie: User) -> None:
    client = Client()
    client.force_login(charlie)
    before = count_rows()
    send = client.post if name in ACTIONS else client.get
    assert send(hers[name]).status_code == 404
    assert client.post(hers[name], {"choice": "approve", "status": "dropped"}).status_code in (404, 405)
    assert count_rows() == before


@pytest.mark.parametrize("name", [name for name in OWNED if name not in ("unlink", "sync_now", "pause")])
def test_bob_with_the_same_provider_cannot_reach_her_rows(name: str, hers: dict[str, str], bob: User) -> None:
    rows.make_connection(bob)
    client = Client()
    client.force_login(bob)
    send = client.post if name in ACTIONS else client.get
    assert send(hers[name]).status_code == 404


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_a_post(name: str, hers: dict[str, str], alice_client: Client) -> None:
    assert alice_client.get(hers[name]).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        *(*ACTIONS, "account", "library_entry", "library_remove", "connection", "device_link", "unlink"),
        *("export_account", "erase_account"),
    ],
)
def test_a_post_without_its_token_is_refused(name: str, hers: dict[str, str], alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = count_rows()
    answer = client.post(hers[name], {"choice": "approve"})
    assert answer.status_code == 403
    assert b"This is not allowed" in answer.content
    assert count_rows() == before


def test_looking_changes_nothing(hers: dict[str, str], alice_client: Client) -> None:
    before = count_rows()
    for name in PAGES:
        alice_client.get(hers[name])
    assert count_rows() == before


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_a_person_is_kept_in_a_cache(name: str, hers: dict[str, str], alice_client: Client) -> None:
    assert "no-store" in alice_client.get(hers[name])["Cache-Control"]


class _Inline(HTMLParser):
    """Collects what a strict Content-Security-Policy would stop, and what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or "style" in given or (tag == "script" and not given.get("src")):
            self.found.append(f"inline {tag}")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        source = given.get("src") or (given.get("href") if tag == "link" else None) or ""
        if "//" in source:
            self.found.append(f"{tag} from {source}")


@pytest.mark.parametrize("name", PAGES)
def test_pages_need_no_exception_from_the_policy(name: str, hers: dict[str, str], alice_client: Client) -> None:
    parser = _Inline()
    parser.feed(alice_client.get(hers[name]).content.decode())
    assert parser.found == []


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e"


def test_text_from_services_never_becomes_markup(alice: User, alice_client: Client) -> None:
    media = rows.make_media(HOSTILE)
    entry = rows.make_entry(alice, media, notes=HOSTILE)
    connection = rows.make_connection(alice, account_name=HOSTILE, message=HOSTILE)
    run = rows.make_run(connection, message=HOSTILE)
    change = rows.make_change(run, media, before={"notes": ""}, after={"notes": HOSTILE}, message=HOSTILE)
    review = rows.make_review(
        run, "removal", key="1", media=media, summary={"title": HOSTILE, "before": {"notes": HOSTILE}}
    )
    candidate = {"media": media.pk, "title": HOSTILE, "format": HOSTILE, "confidence": 80, "reasons": [HOSTILE]}
    unmatched = rows.make_unmatched(connection, title=HOSTILE, reason="uncertain", candidates=[candidate])
    match = rows.make_match(alice, media, external_id=HOSTILE[:64])
    channel = rows.make_channel(alice)
    Channel.objects.filter(pk=channel.pk).update(name=HOSTILE[:64], shown=HOSTILE, message=HOSTILE)
    made = {"entry": entry, "run": run, "change": change, "review": review, "unmatched": unmatched, "match": match}
    made["channel"] = channel
    for name, url in urls_of(made).items():
        if name in PAGES:
            page = alice_client.get(url).content.decode()
            assert "<script>alert" not in page, name
            assert "<img src=x" not in page, name


@pytest.mark.parametrize("run_id", [str(uuid4())])
def test_what_does_not_exist_is_not_found(run_id: str, alice_client: Client) -> None:
    assert alice_client.get(f"/runs/{run_id}/").status_code == 404
    assert alice_client.get("/library/99999999999999999999/").status_code == 404
    assert alice_client.post("/reviews/99999999999999999999/", {"choice": "approve"}).status_code == 404
    assert alice_client.get("/connections/crunchyroll/").status_code == 404
    assert alice_client.get("/nothing/").status_code == 404


def test_the_short_name_of_a_provider_is_understood(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, "myanimelist")
    assert b"<h1>MyAnimeList</h1>" in alice_client.get("/connections/mal/").content
