"""The services' catalogues for people here, against the fakes over HTTP: what is kept, who is asked, who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings
from redis import Redis

from integrations.errors import Malformed, ProviderError, Transient
from integrations.providers import registry
from integrations.providers.cataloguer import CataloguePage, CatalogueTitle
from integrations.sandbox.catalogue import load_works
from integrations.sandbox.server import Running, serve
from integrations.services import browsing, providers
from integrations.services.refusals import LinkError
from library.entry import Kind
from tests.e2e.lists import break_

ANILIST, KITSU = "anilist", "kitsu"
BOTH = (KITSU, ANILIST)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def sandbox(server: Running, settings: Settings, redis_client: Redis) -> Running:
    server.control("POST", "reset")
    settings.SANDBOX_URL = server.url
    # Limits are tested elsewhere.
    settings.PROVIDERS = {KITSU: {"rate": "2000/1:1000"}, ANILIST: {"rate": "1000/1:1000"}}
    return server


def asked(sandbox: Running, slug: str) -> int:
    return int(sandbox.control("GET", f"{slug}/requests")["total"])


def down(sandbox: Running, *slugs: str) -> None:
    for slug in slugs:
        break_(sandbox, slug, "error", status=503, times=None)


def grow_old(settings: Settings) -> None:
    """Whatever is kept is stale from now on, and nobody rests."""
    settings.CATALOGUE_SECONDS = 0
    rested()


def rested() -> None:
    for slug in BOTH:
        cache.delete(f"catalogue:rests:{slug}")


def names(found: browsing.Found) -> set[str]:
    return {title.facts.titles[0] for title in found.page.titles}


# What is kept -------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once_however_it_is_typed(sandbox: Running) -> None:
    first = browsing.search(Kind.ANIME, "Cowboy Bebop")
    assert first.provider == KITSU
    assert "Cowboy Bebop" in names(first)
    again = browsing.search(Kind.ANIME, "  cowboy\x00  BEBOP ")
    assert (again.page, again.asked_at, again.is_stale) == (first.page, first.asked_at, False)
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (1, 0)


def test_other_questions_are_other_questions(sandbox: Running) -> None:
    browsing.search(Kind.ANIME, "one")
    browsing.search(Kind.MANGA, "one")
    browsing.search(Kind.ANIME, "one", page=2)
    browsing.search(Kind.ANIME, "one", adult=True, provider=KITSU)
    browsing.season(2006, "fall")
    browsing.trending(Kind.ANIME)
    browsing.details(KITSU, Kind.ANIME, "1")
    assert asked(sandbox, KITSU) == 7


def another_asks(slug: str, monkeypatch: pytest.MonkeyPatch, *, then: Callable[[], object]) -> None:
    """Somebody asks `slug` for "bebop" at this moment; at our first look that is over, and `then` has happened."""
    lock = f"{browsing._key(slug, 'search', Kind.ANIME, 'bebop', 1, False)}:asked"
    cache.add(lock, 1, timeout=60)

    def look(seconds: float) -> None:
        then()
        cache.delete(lock)

    monkeypatch.setattr(browsing, "sleep", look)


def test_of_two_who_ask_the_same_at_once_one_asks(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    key = browsing._key(KITSU, "search", Kind.ANIME, "bebop", 1, False)
    first = browsing.search(Kind.ANIME, "bebop")
    answer = cache.get(key)
    cache.delete(key)
    another_asks(KITSU, monkeypatch, then=lambda: cache.set(key, answer))
    found = browsing.search(Kind.ANIME, "Bebop")
    assert (found.page, found.asked_at) == (first.page, first.asked_at)
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (1, 0)


def test_who_took_too_long_leaves_the_turn_to_whoever_has_it_by_then(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = f"{browsing._key(KITSU, 'search', Kind.ANIME, 'bebop', 1, False)}:asked"
    real = browsing._shown

    def late(*args: Any, **options: Any) -> Any:
        cache.set(lock, "another's", timeout=60)
        return real(*args, **options)

    monkeypatch.setattr(browsing, "_shown", late)
    browsing.search(Kind.ANIME, "Bebop")
    assert cache.get(lock) == "another's"


def test_who_waits_for_another_in_vain_is_told_so(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PATIENCE", 0.1)
    for slug in BOTH:
        monkeypatch.setattr(browsing, "LONGEST_ASK", 60)
        cache.add(f"{browsing._key(slug, 'search', Kind.ANIME, 'bebop', 1, False)}:asked", 1, timeout=60)
    with pytest.raises(Transient, match="at this moment"):
        browsing.search(Kind.ANIME, "Bebop")
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (0, 0)


def test_who_waited_for_one_that_failed_goes_on_to_the_next_service(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_asks(KITSU, monkeypatch, then=lambda: None)
    assert browsing.search(Kind.ANIME, "bebop").provider == ANILIST
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (0, 1)


def test_who_waited_long_goes_on_to_the_next_service(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PATIENCE", 0.1)
    cache.add(f"{browsing._key(KITSU, 'search', Kind.ANIME, 'bebop', 1, False)}:asked", 1, timeout=60)
    assert browsing.search(Kind.ANIME, "Bebop").provider == ANILIST
    assert asked(sandbox, KITSU) == 0


def test_when_it_is_old_it_is_asked_anew(sandbox: Running, settings: Settings) -> None:
    first = browsing.trending(Kind.ANIME)
    grow_old(settings)
    again = browsing.trending(Kind.ANIME)
    assert again.asked_at > first.asked_at
    assert asked(sandbox, KITSU) == 2


def test_it_is_kept_longer_than_it_is_fresh(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, int] = {}
    monkeypatch.setattr(cache, "set", lambda key, value, timeout: kept.__setitem__(key, timeout))
    browsing.trending(Kind.ANIME)
    assert kept == {browsing._key(KITSU, "trending", Kind.ANIME, False): 900 + 3_600}


def test_what_another_was_told_just_before_is_not_asked_again(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was there at first; then the lock was free again, and the answer kept."""
    first = browsing.trending(Kind.ANIME)
    looks = [None, None]
    real = browsing._read
    monkeypatch.setattr(browsing, "_read", lambda key: looks.pop() if looks else real(key))
    assert browsing.trending(Kind.ANIME).page == first.page
    assert asked(sandbox, KITSU) == 1


def test_what_cannot_be_read_back_is_asked_anew(sandbox: Running) -> None:
    browsing.trending(Kind.ANIME)
    for kept in (b"no zlib", "text", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        cache.set(browsing._key(KITSU, "trending", Kind.ANIME, False), kept)
        assert browsing.trending(Kind.ANIME).page.titles


def test_what_is_kept_is_small_and_holds_no_words_of_a_person(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache may live beside the queues."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(cache, "set", lambda key, value, **options: kept.__setitem__(key, value))
    works = [
        {"kind": "anime", "id": 900_000 + at, "title": f"Longest {at}", "synopsis": "word " * 900} for at in range(20)
    ]
    sandbox.control("POST", "kitsu/works", {"works": works})
    found = browsing.search(Kind.ANIME, "longest")
    assert len(found.page.titles) == 20
    assert all(len(title.synopsis) <= browsing.TEASER for title in found.page.titles)
    ((key, value),) = kept.items()
    assert "longest" not in key
    assert len(value) < 4_096


def test_details_tell_the_whole_synopsis(sandbox: Running) -> None:
    work = {"kind": "anime", "id": 900_001, "title": "Long", "synopsis": "word " * 200}
    sandbox.control("POST", "kitsu/works", {"works": [work]})
    (title,) = browsing.details(KITSU, Kind.ANIME, "900001").page.titles
    assert len(title.synopsis) > 900


# Trouble ------------------------------------------------------------------------------------------------------


def test_another_service_answers_when_one_does_not(sandbox: Running) -> None:
    down(sandbox, KITSU)
    assert browsing.search(Kind.ANIME, "Cowboy Bebop").provider == ANILIST
    before = asked(sandbox, KITSU)
    assert browsing.search(Kind.ANIME, "Mushishi").provider == ANILIST
    assert asked(sandbox, KITSU) == before, "it rests"


def test_what_was_said_before_is_told_as_such_while_nobody_answers(sandbox: Running, settings: Settings) -> None:
    first = browsing.search(Kind.ANIME, "Cowboy Bebop")
    grow_old(settings)
    down(sandbox, *BOTH)
    found = browsing.search(Kind.ANIME, "Cowboy Bebop")
    assert (found.page, found.asked_at, found.is_stale) == (first.page, first.asked_at, True)
    with pytest.raises(Transient):
        browsing.search(Kind.ANIME, "never asked before")


def test_nobody_waits_for_another_where_something_is_kept(sandbox: Running, settings: Settings) -> None:
    browsing.trending(Kind.ANIME)
    grow_old(settings)
    cache.add(f"{browsing._key(KITSU, 'trending', Kind.ANIME, False)}:asked", 1, timeout=60)
    assert browsing.trending(Kind.ANIME).is_stale is True
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (1, 0)


def test_a_named_service_is_asked_alone(sandbox: Running) -> None:
    assert browsing.trending(Kind.ANIME, provider="AniList").provider == ANILIST
    down(sandbox, ANILIST)
    with pytest.raises(Transient) as caught:
        browsing.search(Kind.ANIME, "bebop", provider=ANILIST)
    assert caught.value.provider == ANILIST
    assert asked(sandbox, KITSU) == 0


@pytest.fixture
def misread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose answer to a search nobody here understood, in order."""
    told: list[str] = []

    def drifted(service: Any, *args: Any, **options: Any) -> CataloguePage:
        told.append(service.slug)
        raise Malformed("The answer has another shape", provider=service.slug)

    for slug in BOTH:
        monkeypatch.setattr(type(registry.get(slug)), "browse_search", drifted)
    return told


def test_what_is_answered_strangely_is_not_asked_again_at_once(sandbox: Running, misread: list[str]) -> None:
    for _ in range(3):
        with pytest.raises(ProviderError):
            browsing.search(Kind.ANIME, "bebop")
    assert misread == [KITSU, ANILIST]
    with pytest.raises(Malformed):
        browsing.search(Kind.ANIME, "another")
    assert browsing.trending(Kind.ANIME).provider == KITSU, "other questions are asked all the same"


def test_what_was_said_before_stands_in_for_a_strange_answer(
    sandbox: Running, settings: Settings, request: pytest.FixtureRequest
) -> None:
    first = browsing.search(Kind.ANIME, "bebop")
    grow_old(settings)
    misread: list[str] = request.getfixturevalue("misread")
    found = [browsing.search(Kind.ANIME, "bebop") for _ in range(3)]
    assert [(one.page, one.is_stale) for one in found] == [(first.page, True)] * 3
    assert misread == [KITSU, ANILIST]


def test_no_budget_is_no_answer_and_costs_no_request(sandbox: Running, settings: Settings) -> None:
    settings.PROVIDERS = {KITSU: {"rate": "1/600"}, ANILIST: {"rate": "1/900"}}
    found = [browsing.search(Kind.ANIME, "first")]
    rested()
    found.append(browsing.search(Kind.ANIME, "second"))
    rested()
    assert [one.provider for one in found] == [KITSU, ANILIST]
    with pytest.raises(Transient) as caught:
        browsing.search(Kind.ANIME, "third")
    assert getattr(caught.value, "retry_after", 0) > 0
    assert (asked(sandbox, KITSU), asked(sandbox, ANILIST)) == (1, 1)


# Who may be asked ---------------------------------------------------------------------------------------------


def test_whoever_has_the_most_requests_to_spare_comes_first(settings: Settings) -> None:
    assert [one.slug for one in browsing.cataloguers()] == [KITSU, ANILIST]
    settings.PROVIDERS = {KITSU: {"rate": "1/60"}}
    assert [one.slug for one in browsing.cataloguers()] == [ANILIST, KITSU]
    settings.PROVIDERS = {KITSU: {"enabled": False}}
    assert [one.slug for one in browsing.cataloguers()] == [ANILIST]


def test_who_cannot_be_asked_is_said(settings: Settings) -> None:
    with pytest.raises(LinkError, match="Trakt has no catalogue to look through here; Kitsu and AniList have"):
        browsing.trending(Kind.ANIME, provider="trakt")
    with pytest.raises(LinkError) as caught:
        browsing.trending(Kind.ANIME, provider="nobody")
    assert caught.value.code == "unknown_provider"
    settings.PROVIDERS = {slug: {"enabled": False} for slug in BOTH}
    with pytest.raises(LinkError, match="No service whose catalogue"):
        browsing.trending(Kind.ANIME)
    with pytest.raises(LinkError, match="switched off"):
        browsing.trending(Kind.ANIME, provider=KITSU)


# What is shown ------------------------------------------------------------------------------------------------


@pytest.fixture
def adult() -> str:
    return next(work.title for work in load_works() if work.kind == "anime" and work.nsfw == "black")


def test_adult_works_are_shown_to_whoever_asks_for_them(sandbox: Running, adult: str) -> None:
    assert adult not in names(browsing.search(Kind.ANIME, adult, provider=ANILIST))
    found = browsing.search(Kind.ANIME, adult, provider=ANILIST, adult=True)
    assert adult in names(found)
    number = next(title.facts.external_id for title in found.page.titles if title.facts.is_adult)
    assert browsing.details(ANILIST, Kind.ANIME, number).page.titles == ()
    assert browsing.details(ANILIST, Kind.ANIME, number, adult=True).page.titles
    assert asked(sandbox, ANILIST) == 3, "one question, whoever may see the answer"


def test_who_shows_none_is_not_asked_first_for_them(sandbox: Running, adult: str) -> None:
    found = browsing.search(Kind.ANIME, adult, adult=True)
    assert (found.provider, adult in names(found)) == (ANILIST, True)


def test_a_service_that_forgets_to_leave_them_out_is_not_believed(
    sandbox: Running, adult: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitsu = registry.get(KITSU)
    shown = browsing.search(Kind.ANIME, adult, provider=ANILIST, adult=True).page

    def careless(*args: Any, **options: Any) -> CataloguePage:
        return CataloguePage((*shown.titles, CatalogueTitle(shown.titles[0].facts)), has_more=True)

    monkeypatch.setattr(type(kitsu), "browse_trending", careless)
    found = browsing.trending(Kind.ANIME, provider=KITSU)
    assert not any(title.facts.is_adult for title in found.page.titles)
    assert found.page.has_more is True


@pytest.mark.parametrize("text", ["\x00", "   ", "x" * 10_000, "' OR 1=1 --", '"}{', "\ud800", "%_\\", ",,,"])
def test_nonsense_is_answered(sandbox: Running, text: str) -> None:
    for slug in BOTH:
        assert browsing.search(Kind.ANIME, text, provider=slug).provider == slug


@pytest.mark.parametrize("external_id", ["0", "-1", "9" * 64, "a-b", "../1", "1,2", "1 or 1"])
def test_an_id_that_is_none_is_no_title(sandbox: Running, external_id: str) -> None:
    for slug in BOTH:
        assert browsing.details(slug, Kind.ANIME, external_id).page.titles == ()


def test_the_reserve_for_people_is_spent_with_nobody_s_token(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, Any]] = []
    real = providers.open_line

    def watched(provider: Any, **options: Any) -> Any:
        opened.append(options)
        return real(provider, **options)

    monkeypatch.setattr(providers, "open_line", watched)
    browsing.trending(Kind.ANIME)
    assert opened == [{"klass": "interactive", "max_wait": browsing.PATIENCE}]
    heads = sandbox.control("GET", f"{KITSU}/requests")["latest"]
    assert not any("authorization" in str(head).lower() for head in heads)
