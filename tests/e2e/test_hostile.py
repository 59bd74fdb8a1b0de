"""What people and services write, at its worst: nothing breaks, nothing is lost, and there is rest afterwards."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from integrations.sandbox.server import Running
from library.entry import MAX_NOTES
from library.models import Media
from library.services.editing import edit_entry
from syncing.models import Change
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    assert_at_rest,
    break_,
    edit,
    entries_of,
    entry_of,
    held,
    listed,
    media_of,
    settle,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

NOTES = {
    "html": "<script>alert('x')</script> <b>&amp; &lt;i&gt; &#39;</b> \"quoted\"",
    "right to left": "\u202egnirts\u202c \u2067abc\u2069 \u200f",
    "emoji": "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 e\u0301 \U0001f9ff",
    "template": "{{ settings.SECRET_KEY }} {% load x %} ${jndi:ldap://x} %s %(a)s {0}",
    "sql": "'); DROP TABLE library_listentry; -- \\",
    "blanks": "  two before\n\n\tand after \r\n ",
    "graphql": '") { Viewer { id } } mutation { x(a: "',
    "form": "a=b&c=d;e%20f+g#h",
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES.keys())
@pytest.mark.parametrize("provider", SIDES)
def test_notes_written_there_reach_every_list_as_they_are(
    sandbox: Running, link: Link, alice: User, provider: str, note: str
) -> None:
    other = next(side for side in SIDES if side != provider)
    first = link(alice, provider, [listed(provider, 1, notes=note)])
    second = link(alice, other, [listed(other, 1)])
    settle([first, second], rounds=2)
    assert entry_of(alice, 1).notes == note
    assert held(sandbox, other)[1]["notes"] == note
    assert held(sandbox, provider)[1]["notes"] == note
    assert_at_rest(sandbox, [first, second])


@pytest.mark.parametrize("provider", SIDES)
def test_notes_written_here_reach_the_service_as_they_are(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    ids = dict(zip((1, 6, 18, 19, 20, 30, 33, 45), NOTES, strict=True))
    connection = link(alice, provider, [listed(provider, media_id) for media_id in ids])
    sync(connection)
    for media_id, name in ids.items():
        edit_entry(alice, media_id=media_of(media_id), changes={"notes": NOTES[name]})
    run = sync(connection)
    assert (run.state, run.writes, run.failed) == ("done", len(ids), 0)
    there = held(sandbox, provider)
    assert {name: there[media_id]["notes"] for media_id, name in ids.items()} == NOTES
    assert_at_rest(sandbox, [connection])


@pytest.mark.parametrize("provider", SIDES)
def test_a_note_with_nul_loses_only_that(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    """PostgreSQL cannot store NUL; the service keeps its own."""
    other = next(side for side in SIDES if side != provider)
    first = link(alice, provider, [listed(provider, 1, notes="a\x00b")])
    second = link(alice, other, [listed(other, 1)])
    settle([first, second], rounds=2)
    assert entry_of(alice, 1).notes == "ab"
    assert (held(sandbox, provider)[1]["notes"], held(sandbox, other)[1]["notes"]) == ("a\x00b", "ab")
    assert_at_rest(sandbox, [first, second])


@pytest.mark.parametrize("provider", SIDES)
def test_a_note_of_100_kb_is_cut_here_and_stays_whole_there(
    sandbox: Running, link: Link, alice: User, provider: str
) -> None:
    other = next(side for side in SIDES if side != provider)
    note = "ā" * 100_000
    first = link(alice, provider, [listed(provider, 1, notes=note, progress=1)])
    second = link(alice, other, [listed(other, 1)])
    settle([first, second], rounds=2)
    assert entry_of(alice, 1).notes == note[:MAX_NOTES]
    assert (held(sandbox, provider)[1]["notes"], held(sandbox, other)[1]["notes"]) == (note, note[:MAX_NOTES])
    # An edit of another field does not send the shortened note back.
    edit_entry(alice, media_id=media_of(1), changes={"progress": 7})
    settle([first, second], rounds=1)
    assert (held(sandbox, provider)[1]["notes"], held(sandbox, provider)[1]["progress"]) == (note, 7)
    assert_at_rest(sandbox, [first, second])


HOSTILE_TITLE = "<img src=x onerror=alert(1)> \u202eevil\u202c \x00 {{ 7 }} " + "長" * 600


@pytest.mark.parametrize("provider", SIDES)
def test_a_hostile_title_is_shown_as_text_everywhere(
    sandbox: Running, link: Link, alice: User, provider: str, client: Client
) -> None:
    work = {"id": 900_001, "title": HOSTILE_TITLE}
    work |= {"type": "ANIME"} if provider == ANILIST else {"kind": "anime"}
    sandbox.control("POST", f"{provider}/works", {"works": [work]})
    connection = link(alice, provider, [listed(provider, 1), listed(provider, 900_001, notes=NOTES["html"])])
    sync(connection)
    assert set(entries_of(alice)) == {1, 900_001}
    title = Media.objects.get(pk=media_of(900_001)).title
    assert (len(title) <= 500, "\x00" in title, "\u202e" in title) == (True, False, False)
    assert Change.objects.get(media_id=media_of(900_001)).title == title
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    run = connection.runs.latest("started_at")
    for path in ("/library/", f"/library/{media_of(900_001)}/", f"/runs/{run.pk}/"):
        answer = client.get(path)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "&lt;img src=x" in page
        assert ("<img src=x" in page, "<script>alert" in page) == (False, False)
    assert_at_rest(sandbox, [connection])


@pytest.mark.parametrize("provider", SIDES)
def test_one_strange_entry_does_not_cost_the_others(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    """Values beyond every range are brought to its edge, and the person's other entries are there."""
    connection = link(alice, provider, [listed(provider, 1), listed(provider, 21, progress=2_000_000)])
    run = sync(connection)
    assert (run.state, set(entries_of(alice))) == ("done", {1, 21})
    assert entry_of(alice, 21).progress == 1_000_000
    assert_at_rest(sandbox, [connection])


def test_an_error_that_quotes_what_a_person_wrote_does_not_repeat_it(sandbox: Running, link: Link, alice: User) -> None:
    connection = link(alice, MAL, [listed(MAL, 1)])
    sync(connection)
    edit(sandbox, MAL, 1, notes="my private thoughts")
    break_(sandbox, MAL, "html", status=403, text="my private thoughts", times=None)
    run = sync(connection)
    connection.refresh_from_db()
    assert "private thoughts" not in run.message + connection.message
