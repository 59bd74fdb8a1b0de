from __future__ import annotations

from typing import Any

from integrations.answers import Answer
from integrations.providers.anilist.provider import AniList
from library.entry import Kind
from tests.integrations.providers import samples
from tests.integrations.providers.samples import anilist_media
from tests.integrations.providers.script import ScriptedSession, answer

ANILIST = AniList()


def pages(*found: list[dict[str, Any]]) -> Answer:
    return answer({"data": {f"a{at}": {"media": media} for at, media in enumerate(found)}})


def test_identify() -> None:
    account = ANILIST.identify(ScriptedSession(ANILIST, [answer({"data": {"viewer": samples.VIEWER}})], account_id=""))
    assert (account.id, account.name, account.settings) == ("77", "alice", {"score_format": "POINT_10"})


def test_search() -> None:
    session = ScriptedSession(ANILIST, [pages([anilist_media(1, synonyms=["COWBOY"])])])
    found = ANILIST.search(session, Kind.ANIME, ' "cow\x00boy" ', limit=500)
    assert [facts.external_id for facts in found] == ["1"]
    assert found[0].titles[-1] == "COWBOY"
    assert session.sent[0].json["variables"] == {"text": '"cowboy"', "limit": 50}
    assert ANILIST.search(ScriptedSession(ANILIST, []), Kind.ANIME, " \x00 ") == []


def test_details_pack_many_pages_into_one_request() -> None:
    session = ScriptedSession(ANILIST, [pages([anilist_media(1)], [], [anilist_media(120)])])
    ids = [str(at) for at in range(1, 121)] + ["x", "1"]
    assert [facts.external_id for facts in ANILIST.details(session, Kind.ANIME, ids)] == ["1", "120"]
    assert [len(value) for value in session.sent[0].json["variables"].values()] == [50, 50, 20]


def test_details_of_more_than_a_request_holds() -> None:
    session = ScriptedSession(ANILIST, [pages([]), pages([])])
    assert ANILIST.details(session, Kind.MANGA, [str(at) for at in range(1, 502)]) == []
    assert session.is_spent
    assert ANILIST.details(ScriptedSession(ANILIST, []), Kind.MANGA, ["no id"]) == []


def test_translate() -> None:
    found = [anilist_media(30002, idMal=2), anilist_media(99, idMal=2), anilist_media(5, idMal=None)]
    session = ScriptedSession(ANILIST, [pages(found)])
    translated = ANILIST.translate(session, Kind.MANGA, "myanimelist", ["2", "3"])
    assert {mal: facts.external_id for mal, facts in translated.items()} == {"2": "99"}
    assert "idMal_in" in session.sent[0].json["query"]
    assert "MANGA" in session.sent[0].json["query"]
    assert ANILIST.translate(ScriptedSession(ANILIST, []), Kind.MANGA, "kitsu", ["2"]) == {}


def test_addresses() -> None:
    assert ANILIST.media_url(Kind.MANGA, "30002") == "https://anilist.co/manga/30002"
    assert {"graphql.anilist.co", "anilist.co"} == ANILIST.hosts
    assert ANILIST.oauth.refreshes is False
