from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.answers import Answer
from library.entry import Kind, Status
from tests.integrations.providers.kitsu_payloads import KITSU, mapping, talk, user, users, work
from tests.integrations.providers.script import answer


def works(*found: dict[str, Any], included: list[dict[str, Any]] | None = None, more: bool = False) -> Answer:
    links = {"next": "https://evil.example/next"} if more else {}
    return answer({"data": list(found), "included": included or [], "links": links, "meta": {"count": len(found)}})


def mapped(*found: tuple[str, dict[str, Any]], more: bool = False) -> Answer:
    rows = [mapping(at, "anilist/manga", theirs, item=item) for at, (theirs, item) in enumerate(found)]
    return works(*rows, included=[item for _, item in found], more=more)


def test_identify() -> None:
    session = talk(users(user()))
    session.account_id = ""
    account = KITSU.identify(session)
    assert (account.id, account.name) == ("77", "alice")
    assert account.settings == {"rating_system": "advanced", "sfw_filter": False}


def test_search() -> None:
    session = talk(works(work(2), work(1)))
    found = KITSU.search(session, Kind.ANIME, " cow\x00boy,  bebop ", limit=500)
    assert [facts.external_id for facts in found] == ["2", "1"]
    assert session.sent[0].url == "https://kitsu.app/api/edge/anime"
    asked = {"filter[text]": "cow boy  bebop", "page[limit]": "20", "include": "mappings"}
    assert asked.items() <= dict(session.sent[0].params).items()
    assert KITSU.search(talk(), Kind.ANIME, " \x00 ") == []


def test_details_go_twenty_at_a_time() -> None:
    along = [mapping(9, "myanimelist/manga", "30")]
    session = talk(works(work(1, "manga", mappings=[9]), included=along), works(), works(work(41, "manga")))
    ids = [*(str(at) for at in range(1, 42)), "x", "1"]
    found = KITSU.details(session, Kind.MANGA, ids)
    assert [(facts.external_id, dict(facts.cross_ids)) for facts in found] == [("1", {"myanimelist": "30"}), ("41", {})]
    assert [len(sent.params["filter[id]"].split(",")) for sent in session.sent] == [20, 20, 1]
    assert "ageRating" in session.sent[0].params["fields[manga]"]
    assert "nsfw" not in session.sent[0].params["fields[manga]"]
    assert KITSU.details(talk(), Kind.MANGA, ["no id"]) == []


def test_translate_takes_the_works_of_the_kind_and_leaves_out_what_is_ambiguous() -> None:
    session = talk(
        mapped(("30", work(1, "manga")), ("31", work(2, "manga")), ("31", work(3, "manga")), more=True),
        mapped(("32", work(4)), ("30", work(1, "manga"))),
    )
    found = KITSU.translate(session, Kind.MANGA, "anilist", ["30", "31", "32", "33"])
    assert {theirs: (facts.external_id, facts.total) for theirs, facts in found.items()} == {"30": ("1", 116)}
    assert session.sent[0].params["filter[externalSite]"] == "anilist/manga"
    assert session.sent[0].params["filter[externalId]"] == "30,31,32,33"
    assert [sent.params["page[offset]"] for sent in session.sent] == ["0", "3"]
    assert KITSU.translate(talk(), Kind.MANGA, "trakt", ["2"]) == {}


def test_mappings_that_cannot_be_read_are_not_no_mappings() -> None:
    with pytest.raises(errors.Malformed):
        KITSU.translate(talk(answer({"data": [{"attributes": {}}], "links": {}})), Kind.ANIME, "anilist", ["1"])


def test_what_kitsu_can_hold() -> None:
    anime, manga = (KITSU.capability(kind, {}) for kind in Kind)
    assert manga.fields - anime.fields == {"progress_volumes"}
    assert (anime.scale.slug, anime.full_dates, anime.clamps, anime.limits) == ("20", True, True, {"repeats": 50})
    assert anime.alters == {"status", "progress", "started_on", "finished_on"}
    assert anime.statuses == frozenset(Status)


def test_addresses_and_the_way_in() -> None:
    assert KITSU.media_url(Kind.MANGA, "2") == "https://kitsu.app/manga/2"
    assert KITSU.hosts == {"kitsu.app"}
    assert (KITSU.oauth.grants, KITSU.oauth.authorize_url, KITSU.oauth.body) == (frozenset({"password"}), "", "form")
    assert KITSU.oauth.public_app is not None
    assert KITSU.oauth.public_app.client_secret is not None
    assert KITSU.headers("")["Accept"].split(", ")[0] == "application/vnd.api+json"
    assert (KITSU.write_batch, KITSU.removal_batch, KITSU.probe_requests) == (20, 20, 1)
