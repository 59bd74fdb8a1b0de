"""What a provider owes whose catalogue can be looked through without anybody's token (`Cataloguer`)."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import errors
from integrations.http import Session
from integrations.providers.cataloguer import AIRINGS, Cataloguer, CatalogueTitle
from integrations.sandbox.catalogue import load_works
from library.entry import Kind, PartialDate
from tests.contract.contract import Contract
from tests.contract.stage import Stage

DIRTY = "<p>One &lt;script&gt;alert(1)&lt;/script&gt;</p><br><a href='https://evil.example'>two</a>"


class CatalogueContract(Contract):
    def shown_work(self, number: int, **values: Any) -> dict[str, Any]:
        """A new work for the control API, in the service's own words, begun on 2031-04-07 unless told otherwise.
        values: synopsis, cover, startDate."""
        raise NotImplementedError

    @pytest.fixture
    def stranger(self, stage: Stage) -> Session:
        return stage.open_public_session()

    @property
    def cataloguer(self) -> Cataloguer:
        assert isinstance(self.provider, Cataloguer)
        return self.provider

    def add(self, stage: Stage, *works: dict[str, Any]) -> None:
        stage.control("POST", "works", {"works": list(works)})

    @pytest.mark.parametrize("kind", Kind)
    def test_a_title_is_told_in_full_to_strangers(self, stranger: Session, kind: Kind) -> None:
        external_id = self.titles[kind][0]
        found = self.cataloguer.browse_details(stranger, kind, external_id)
        assert found is not None
        assert stranger.requests == 1
        assert (found.facts.kind, found.facts.external_id) == (kind, external_id)
        assert found.url == self.provider.media_url(kind, external_id)
        assert found.cover_url.startswith(tuple(f"https://{host}/" for host in self.cataloguer.cover_hosts))
        assert found.airing in AIRINGS
        assert 1 <= found.average_score <= 100
        assert found.popularity > 0
        assert "sandbox" in found.synopsis
        assert not {"<", ">"}.intersection(found.synopsis)
        assert found.facts.cross_ids

    @pytest.mark.parametrize("kind", Kind)
    def test_a_search_finds_what_details_tell(self, stranger: Session, kind: Kind) -> None:
        details = self.cataloguer.browse_details(stranger, kind, self.titles[kind][0])
        assert details is not None
        page = self.cataloguer.browse_search(stranger, kind, f" {details.facts.titles[0]} ")
        assert details in page.titles
        assert {one.facts.kind for one in page.titles} == {kind}

    def test_nothing_is_found_where_nothing_is(self, stranger: Session) -> None:
        for text in ("zzzz qqqq xxxx", " \x00 "):
            page = self.cataloguer.browse_search(stranger, Kind.ANIME, text)
            assert (page.titles, page.has_more) == ((), False)
        assert stranger.requests == 1
        assert self.cataloguer.browse_details(stranger, Kind.ANIME, self.unknown_id) is None
        assert self.cataloguer.browse_details(stranger, Kind.ANIME, "no id") is None
        assert stranger.requests == 2

    def test_pages_end_and_do_not_overlap(self, stage: Stage, stranger: Session) -> None:
        size = self.cataloguer.catalogue_page
        self.add(stage, *(self.shown_work(800_001 + at) for at in range(size + 3)))
        ask = self.cataloguer.browse_season
        pages = [ask(stranger, year=2031, season="spring", page=page) for page in (1, 2, 3)]
        assert [len(page.titles) for page in pages] == [size, 3, 0]
        assert [page.has_more for page in pages] == [True, False, False]
        ids = {title.facts.external_id for page in pages for title in page.titles}
        assert ids == {str(800_001 + at) for at in range(size + 3)}
        assert {(title.season, title.season_year) for page in pages for title in page.titles} == {("spring", 2031)}
        assert pages[0].titles[0].started_on == PartialDate(2031, 4, 7)
        assert ask(stranger, year=2031, season="winter").titles == ()
        asked = stranger.requests
        assert ask(stranger, year=2031, season="monsoon").titles == ()
        assert stranger.requests == asked

    @pytest.mark.parametrize("kind", Kind)
    def test_what_is_looked_at_now(self, stranger: Session, kind: Kind) -> None:
        page = self.cataloguer.browse_trending(stranger, kind)
        assert 5 <= len(page.titles) <= self.cataloguer.catalogue_page
        assert {one.facts.kind for one in page.titles} == {kind}
        assert page.has_more is False
        assert stranger.requests == 1

    def test_adult_works_are_left_out_unless_asked_for(self, stranger: Session) -> None:
        adult = {work.title for work in load_works() if work.kind == "anime" and work.nsfw == "black"}
        assert adult
        for title in adult:
            page = self.cataloguer.browse_search(stranger, Kind.ANIME, title)
            assert title not in {one.facts.titles[0] for one in page.titles}
            assert not any(one.facts.is_adult for one in page.titles)

    def test_what_strangers_wrote_comes_out_plain(self, stage: Stage, stranger: Session) -> None:
        title = self.title_of(stage, stranger, synopsis=DIRTY + " x" * 5_000, cover="https://evil.example/cover.jpg")
        assert title.synopsis.startswith("One alert(1)\ntwo x x")
        assert "<" not in title.synopsis
        assert (len(title.synopsis) <= 2_000, title.synopsis[-1]) == (True, "…")
        assert title.cover_url == ""

    def title_of(self, stage: Stage, stranger: Session, **values: Any) -> CatalogueTitle:
        self.add(stage, self.shown_work(800_001, **values))
        found = self.cataloguer.browse_details(stranger, Kind.ANIME, "800001")
        assert found is not None
        return found

    def test_trouble_is_told_as_such(self, stage: Stage, stranger: Session) -> None:
        stage.break_next("error", times=5, status=503)
        with pytest.raises(errors.Transient):
            self.cataloguer.browse_trending(stranger, Kind.ANIME)
