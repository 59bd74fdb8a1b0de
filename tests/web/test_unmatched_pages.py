"""The pages on which a person says what is what: shown with reasons, answered, taken back, nobody else's business."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.signing import dumps
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.errors import Gone, Rejected
from integrations.models import Connection
from library.models import EpisodeRange, ExternalId, Media, PersonMatch
from library.words import quote_title
from syncing.models import Baseline, Parked, Schedule, Unmatched
from syncing.services.parking import words_of
from tests.web import rows

ITSELF = {"remote_id": "77", "title": "Obscure", "year": 2013, "format": "tv", "total": 12, "confidence": 0}


@pytest.fixture
def connection(alice: User) -> Connection:
    connection = rows.make_connection(alice)
    Baseline.objects.filter(pk=connection.pk).update(digest="x")
    return connection


def candidate(media: Media, confidence: int = 84) -> dict[str, Any]:
    return {
        "media": media.pk,
        "title": media.title,
        "year": 2014,
        "format": "movie",
        "total": 1,
        "confidence": confidence,
        "reasons": ["the same title", "from 2013 and 2014"],
    }


def make_unsure(connection: Connection, media: Media, **values: Any) -> Unmatched:
    values = {"reason": "uncertain", "candidates": [candidate(media), ITSELF], **values}
    return rows.make_unmatched(connection, **values)


def said(user: User) -> list[tuple[str, str, int | None]]:
    found = PersonMatch.objects.filter(user=user).order_by("external_id")
    return list(found.values_list("provider", "external_id", "media_id"))


def assert_looks_again(connection: Connection) -> None:
    schedule = Schedule.objects.get(pk=connection.pk)
    assert (schedule.interactive, schedule.due_at <= timezone.now()) == (True, True)
    assert Baseline.objects.get(pk=connection.pk).digest == ""


def test_an_entry_is_shown_with_its_reason_and_its_candidates(connection: Connection, alice_client: Client) -> None:
    make_unsure(connection, rows.make_media("Obscura"))
    page = alice_client.get("/unmatched/").content.decode()
    for words in (
        "Anime, TV, 2013, 12 episodes · On AniList",
        "It looks like a title we know, but not surely enough",
        "movie, 2014, 1 episode",
        "84 % alike",
        "the same title, from 2013 and 2014",
        "It is this one",
        "Leave it alone",
    ):
        assert words in page, words


def test_saying_which_one_it_is(connection: Connection, alice: User, alice_client: Client) -> None:
    media = rows.make_media("Obscura")
    row = make_unsure(connection, media)
    answer = alice_client.post(f"/unmatched/{row.pk}/choose/", {"choice": "this", "value": media.pk}, follow=True)
    assert "is matched as you said" in answer.content.decode()
    assert (said(alice), Unmatched.objects.count()) == ([("anilist", "77", media.pk)], 0)
    assert ExternalId.objects.count() == 0
    assert_looks_again(connection)


def test_a_title_of_its_own_is_made_from_what_the_service_said(
    connection: Connection, alice: User, alice_client: Client
) -> None:
    row = make_unsure(connection, rows.make_media("Obscura"))
    alice_client.post(f"/unmatched/{row.pk}/choose/", {"choice": "own"})
    media = Media.objects.get(title="Obscure")
    assert (media.titles, media.year, media.format, media.total) == (["Obscure"], 2013, "tv", 12)
    assert said(alice) == [("anilist", "77", media.pk)]
    assert_looks_again(connection)


def test_of_two_entries_the_other_one_is_synced(connection: Connection, alice: User, alice_client: Client) -> None:
    media = rows.make_media("Obscura")
    other = {**ITSELF, "remote_id": "76", "title": "Obscure One"}
    row = make_unsure(connection, media, reason="duplicate", candidates=[candidate(media), other, ITSELF])
    page = alice_client.get("/unmatched/").content.decode()
    assert "Obscure One" in page
    assert "They are different works" in page
    alice_client.post(f"/unmatched/{row.pk}/choose/", {"choice": "this", "value": media.pk})
    assert said(alice) == [("anilist", "76", None), ("anilist", "77", media.pk)]


def test_leaving_alone_an_entry_or_a_work(connection: Connection, alice: User, alice_client: Client) -> None:
    entry = rows.make_entry(alice)
    for row in (
        make_unsure(connection, entry.media),
        rows.make_unmatched(connection, remote_id="", media=entry.media, reason="not_there"),
    ):
        alice_client.post(f"/unmatched/{row.pk}/choose/", {"choice": "alone"})
    assert said(alice) == [("anilist", "77", None), ("anilist", f"nowhere-{entry.media_id}", entry.media_id)]
    page = alice_client.get("/unmatched/").content.decode()
    assert "77 on AniList is left alone." in page
    assert "is kept off AniList." in page


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"choice": "drop"},
        {"choice": "this"},
        {"choice": "this", "value": "no"},
        {"choice": "this", "value": "9" * 18},
        {"choice": "this", "value": "²"},
        {"choice": "this", "value": "manga"},
    ],
)
def test_an_answer_that_was_not_offered_changes_nothing(
    form: dict[str, str], connection: Connection, alice: User, alice_client: Client
) -> None:
    manga = rows.make_media("Obscura", kind="manga")
    row = make_unsure(connection, rows.make_media("Obscura"))
    form = {name: str(manga.pk) if value == "manga" else value for name, value in form.items()}
    answer = alice_client.post(f"/unmatched/{row.pk}/choose/", form, follow=True)
    assert "Please choose one of the answers." in answer.content.decode()
    assert (said(alice), Unmatched.objects.count(), Baseline.objects.get().digest) == ([], 1, "x")


def test_the_catalogue_is_searched_by_every_title(connection: Connection, alice_client: Client) -> None:
    row = make_unsure(connection, rows.make_media("Obscura"))
    named = rows.make_media("Shingeki no Kyojin")
    Media.objects.filter(pk=named.pk).update(titles=["Shingeki no Kyojin", "Attack on Titan"])
    rows.make_media("Attack on Titan: a manga", kind="manga")
    page = alice_client.post(f"/unmatched/{row.pk}/", {"text": "on titan\x00"})
    assert [each.title for each in page.context["found"]] == ["Shingeki no Kyojin"]
    assert "No title we know" in alice_client.post(f"/unmatched/{row.pk}/", {"text": "zzz"}).content.decode()


def test_the_title_that_was_typed_in_is_not_cut_off_by_others(connection: Connection, alice_client: Client) -> None:
    for at in range(12):
        rows.make_media(f"A Monster {at}")
    rows.make_media("Monster")
    rows.make_media("Obscura: The Very Long Brotherhood")
    url = f"/unmatched/{rows.make_unmatched(connection).pk}/"
    found = [alice_client.post(url, {"text": text}).content.decode() for text in ("monster", "obscura brotherhood")]
    assert [found[0].count("It is this one"), ">Monster<" in found[0], "Very Long" in found[1]] == [10, True, True]


def test_a_choice_is_taken_back(connection: Connection, alice: User, alice_client: Client) -> None:
    match = rows.make_match(alice, rows.make_media("Obscura"))
    rows.make_match(alice, external_id="89")
    alice_client.post(f"/matches/{match.pk}/undo/")
    assert said(alice) == [("anilist", "89", None)]
    assert_looks_again(connection)


def test_every_choice_can_be_found_and_taken_back(alice: User, alice_client: Client) -> None:
    ExternalId.objects.create(
        media=rows.make_media("Kite"), provider="anilist", kind="anime", external_id="100", source="anilist"
    )
    for at in range(100, 151):
        rows.make_match(alice, external_id=str(at))
    pages = [alice_client.get(f"/unmatched/?choices={page}").content.decode() for page in (1, 2)]
    assert [page.count("Undo my choice") for page in pages] == [50, 1]
    assert f"{quote_title('Kite')} (100) on AniList is left alone." in pages[1]


def test_an_answer_leads_back_to_the_same_part_of_the_list(connection: Connection, alice_client: Client) -> None:
    for at in range(52):
        rows.make_unmatched(connection, remote_id=str(at), title=f"Title {at:02}")
    page = alice_client.get("/unmatched/?provider=anilist&page=2").content.decode()
    row = Unmatched.objects.get(remote_id="50")
    url = f"/unmatched/{row.pk}/choose/?provider=anilist&page=2"
    assert url.replace("&", "&amp;") in page
    answer = alice_client.post(url, {"choice": "alone"})
    assert answer["Location"] == "/unmatched/?provider=anilist&page=2"
    answer = alice_client.post(f"/unmatched/{row.pk + 1}/choose/?page=//evil.example", {"choice": "alone"})
    assert answer["Location"] == "/unmatched/?page=%2F%2Fevil.example"


def test_moving_an_entry_says_that_the_work_before_stays(
    connection: Connection, alice: User, alice_client: Client
) -> None:
    media, before = (rows.make_entry(alice, rows.make_media(title)).media for title in ("Right", "Wrong"))
    ExternalId.objects.create(media=before, provider="anilist", kind="anime", external_id="5", source="anilist")
    url = f"/library/{media.pk}/services/anilist/"
    signed = dumps("5", salt=f"match:{alice.pk}:{connection.pk}:{media.pk}")
    answer = alice_client.post(url, {"this": signed}, follow=True)
    assert f"Until now it was {quote_title('Wrong')}, which stays on your list" in answer.content.decode()
    assert answer.redirect_chain == [(f"/library/{media.pk}/services/", 302)]
    assert "Until now" not in alice_client.post(url, {"this": signed}, follow=True).content.decode()
    undone = alice_client.post(f"/matches/{PersonMatch.objects.get().pk}/undo/", follow=True).content.decode()
    assert f"If {quote_title('Right')} is on your list, it stays there." in undone


def test_deciding_is_not_counted_as_asking_the_service(
    connection: Connection, alice: User, alice_client: Client, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "sync": "1/h/user"}
    url = f"/library/{rows.make_entry(alice).media.pk}/services/anilist/"
    assert [alice_client.post(url, {"text": ""}).status_code for _ in range(2)] == [200, 429]
    assert alice_client.post(url, {"off": "1"}).status_code == 302


def test_a_service_that_counts_by_shows_is_not_searched(alice: User, alice_client: Client) -> None:
    """What it would find is a show, and that is no id of a title there."""
    rows.make_connection(alice, "trakt")
    page = alice_client.post(f"/library/{rows.make_entry(alice).media.pk}/services/trakt/", {"text": "Mushishi"})
    assert (page.status_code, "It is this one" in page.content.decode()) == (200, False)


def test_bob_reaches_none_of_it(connection: Connection, alice: User, bob: User, bob_client: Client) -> None:
    rows.make_connection(bob)
    media = rows.make_entry(alice).media
    row, match = make_unsure(connection, media), rows.make_match(alice, media)
    theirs = rows.make_entry(bob, rows.make_media("Of bob")).media
    assert bob_client.get(f"/unmatched/{row.pk}/").status_code == 404
    assert bob_client.post(f"/unmatched/{row.pk}/choose/", {"choice": "own"}).status_code == 404
    assert bob_client.post(f"/matches/{match.pk}/undo/").status_code == 404
    assert bob_client.post(f"/library/{media.pk}/services/anilist/", {"off": "1"}).status_code == 404
    assert bob_client.post(f"/library/{media.pk}/place/", {"target_kind": "movie", "target_id": "1"}).status_code == 404
    signed = dumps("5", salt=f"match:{alice.pk}:{connection.pk}:{theirs.pk}")
    bob_client.post(f"/library/{theirs.pk}/services/anilist/", {"this": signed})
    assert "Obscura" not in bob_client.get("/unmatched/").content.decode()
    assert (said(bob), len(said(alice)), EpisodeRange.objects.count()) == ([], 1, 0)


def test_where_a_work_is_says_who_said_so(connection: Connection, alice: User, alice_client: Client) -> None:
    media = rows.make_entry(alice).media
    ExternalId.objects.create(media=media, provider="anilist", kind="anime", external_id="457", source="title")
    url = f"/library/{media.pk}/services/"
    assert "Found by its title" in alice_client.get(url).content.decode()
    rows.make_match(alice, media, external_id="458")
    page = alice_client.get(url).content.decode()
    assert ("458" in page, "You said so." in page) == (True, True)
    alice_client.post(f"{url}anilist/", {"off": "1"})
    assert said(alice) == [("anilist", f"nowhere-{media.pk}", media.pk)]
    assert "You keep it off" in alice_client.get(url).content.decode()


def test_a_persons_own_place(alice: User, alice_client: Client) -> None:
    media = rows.make_entry(alice).media
    url = f"/library/{media.pk}/place/"
    assert "do not have this title" in alice_client.get(url).content.decode()
    ExternalId.objects.create(media=media, provider="myanimelist", kind="anime", external_id="457", source="x")
    for form, words in (
        ({"target_kind": "show", "target_id": "1429", "start": "13"}, "A show needs its season."),
        ({"target_kind": "movie", "target_id": "1429", "season": "1"}, "A film has no season"),
        ({"target_kind": "show", "target_id": "0", "season": "1", "start": "1"}, "greater than or equal to 1"),
    ):
        assert words in alice_client.post(url, form).content.decode()
    assert EpisodeRange.objects.count() == 0
    for start in ("13", "14"):
        alice_client.post(url, {"target_kind": "show", "target_id": "1429", "season": "3", "start": start})
    row = EpisodeRange.objects.get()
    assert (row.site, row.site_id, row.user, row.source, row.numbering) == (
        "myanimelist",
        "457",
        alice,
        "person",
        "number",
    )
    assert (row.target_kind, row.target_site, row.target_id, row.season, row.start) == ("show", "tmdb", "1429", 3, 14)
    assert 'value="14"' in alice_client.get(url).content.decode()
    alice_client.post(url, {"clear": "1"})
    assert EpisodeRange.objects.count() == 0


def test_what_a_service_does_not_have_is_called_unavailable(connection: Connection, alice_client: Client) -> None:
    gone = Gone("AniList does not have this title.", provider="anilist")
    for remote_id, error in (("1", gone), ("2", Rejected("AniList refused it.", provider="anilist"))):
        Parked.objects.create(
            user=connection.user,
            connection=connection,
            kind="anime",
            remote_id=remote_id,
            wanted="x",
            failures=3,
            message=words_of(error),
        )
    page = alice_client.get("/unmatched/").content.decode()
    assert page.count("unavailable on AniList") == 1
    assert "AniList does not have this title." in page
    assert "AniList refused it." in page
