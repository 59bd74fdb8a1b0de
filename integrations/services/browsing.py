"""The services' catalogues for people here: searched, by season, in fashion, and one title in full.

Asked with nobody's token, so an answer is everybody's and is kept: fresh for settings.CATALOGUE_SECONDS, and as a stale
one for STALE_FOR longer, for when no service answers. Of those who ask the same at once one asks; a service in trouble
rests for REST seconds, and so does a question that it answers strangely. What is kept is small on purpose: the cache
may live beside the queues, where room is scarce.
"""

from __future__ import annotations

import hashlib
import logging
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import sleep

import msgspec
from django.conf import settings
from django.core.cache import cache

from integrations.errors import ProviderError, Transient, Unavailable
from integrations.http import Session
from integrations.providers.cataloguer import CataloguePage, Cataloguer, CatalogueTitle
from integrations.services import providers, sessions
from integrations.services.refusals import LinkError
from library.entry import Kind

log = logging.getLogger(__name__)

MOST_PAGES = 25
LONGEST_TEXT = 100
TEASER = 300
"""Characters of a synopsis in a list; the whole is among the details."""
STALE_FOR = 3_600
REST = 5
PATIENCE = 2.0
"""Seconds that a request may wait for its turn, and that whoever finds another asking the same waits for the answer."""
LONGEST_ASK = 30
"""Seconds until another may ask, though the first has not come back."""
LOOK_EVERY = 0.05
_FORM = "1"
"""Of what is kept: another number for another shape."""


@dataclass(frozen=True, slots=True)
class Found:
    """provider: who answered. asked_at: when, in Unix time; is_stale: that is longer ago than answers are good for."""

    provider: str
    page: CataloguePage
    asked_at: float
    is_stale: bool = False


class _Kept(msgspec.Struct, array_like=True):
    asked_at: float
    page: CataloguePage


Ask = Callable[[Cataloguer, Session], CataloguePage]


def search(kind: Kind, text: str, *, page: int = 1, adult: bool = False, provider: str = "") -> Found:
    """The likeliest first. page: 1..MOST_PAGES. provider: slug or alias, "" = whoever has the most requests to spare.

    Of all four: adult works are left out unless `adult`. Raises LinkError for a service that cannot be asked, and
    ProviderError when none answers and nothing is kept.
    """
    # Half of a pair is no text: it can be neither sent nor kept.
    plain = text.encode("utf-8", "ignore").decode().replace("\x00", " ")
    text = " ".join(plain.split())[:LONGEST_TEXT].casefold()

    def ask(service: Cataloguer, session: Session) -> CataloguePage:
        return service.browse_search(session, kind, text, page=page, adult=adult)

    return _find(_services(provider, adult=adult), ("search", kind, text, page), ask, adult=adult)


def season(year: int, season: str, *, page: int = 1, adult: bool = False, provider: str = "") -> Found:
    """Anime that begin in one of SEASONS, the most popular first; otherwise as `search`."""

    def ask(service: Cataloguer, session: Session) -> CataloguePage:
        return service.browse_season(session, year=year, season=season, page=page, adult=adult)

    return _find(_services(provider, adult=adult), ("season", year, season, page), ask, adult=adult)


def trending(kind: Kind, *, adult: bool = False, provider: str = "") -> Found:
    """What people look at now: one page; otherwise as `search`."""

    def ask(service: Cataloguer, session: Session) -> CataloguePage:
        return service.browse_trending(session, kind, adult=adult)

    return _find(_services(provider, adult=adult), ("trending", kind), ask, adult=adult)


def details(provider: str, kind: Kind, external_id: str, *, adult: bool = False) -> Found:
    """A page of one title, whole, or of none: there is no such title, or it is not shown; otherwise as `search`."""

    def ask(service: Cataloguer, session: Session) -> CataloguePage:
        found = service.browse_details(session, kind, external_id)
        return CataloguePage((found,) if found is not None else ())

    found = _find(_services(provider), ("details", kind, external_id), ask, adult=True, teaser=None)
    return replace(found, page=_shown(found.page, adult=adult, teaser=None))


def cataloguers() -> list[Cataloguer]:
    """Those that may be asked, whoever has the most requests to spare first."""
    able = [one for slug in providers.enabled_slugs() if isinstance(one := providers.provider_for(slug), Cataloguer)]
    return sorted(able, key=lambda one: -min(each.requests / each.seconds for each in providers.budgets_for(one)))


def _services(name: str, *, adult: bool = False) -> list[Cataloguer]:
    """In the order in which they are asked. adult: who shows adult works goes before who has more to spare."""
    if not name:
        found = sorted(cataloguers(), key=lambda one: adult and not one.shows_adult)
        if not found:
            raise LinkError("no_catalogue", "No service whose catalogue can be searched is switched on here.")
        return found
    provider = providers.provider_for(name)
    if not isinstance(provider, Cataloguer):
        able = " and ".join(one.name for one in cataloguers())
        raise LinkError("no_catalogue", f"{provider.name} has no catalogue to look through here; {able} have.")
    return [provider]


def _find(
    services: Sequence[Cataloguer],
    question: tuple[object, ...],
    ask: Ask,
    *,
    adult: bool,
    teaser: int | None = TEASER,
) -> Found:
    """From the first service that has it fresh or answers; else what is kept; else the last reason why not."""
    keys = {service.slug: _key(service.slug, *question, adult) for service in services}
    kept = {service.slug: _read(keys[service.slug]) for service in services}
    for slug, one in kept.items():
        if one is not None and _is_fresh(one):
            return Found(slug, one.page, one.asked_at)
    trouble: ProviderError = Unavailable("The same is being asked at this moment", retry_after=REST)
    for service in services:
        try:
            fresh = _ask_once(
                service, ask, key=keys[service.slug], adult=adult, teaser=teaser, may_wait=not any(kept.values())
            )
        except ProviderError as error:
            trouble = error
            continue
        if fresh is not None:
            return Found(service.slug, fresh.page, fresh.asked_at)
        if any(kept.values()):
            break
    for slug, one in kept.items():
        if one is not None:
            return Found(slug, one.page, one.asked_at, is_stale=True)
    raise trouble


def _ask_once(
    service: Cataloguer, ask: Ask, *, key: str, adult: bool, teaser: int | None, may_wait: bool
) -> _Kept | None:
    """None: another asks the same, and has no answer yet. Raises ProviderError."""
    resting, misread = f"catalogue:rests:{service.slug}", f"{key}:misread"
    if cache.get_many((resting, misread)):
        raise _trouble(service)
    lock, mine = f"{key}:asked", time.time_ns()
    if not cache.add(lock, mine, timeout=LONGEST_ASK):
        return _await(service, key) if may_wait else None
    try:
        meanwhile = _read(key)
        if meanwhile is not None and _is_fresh(meanwhile):
            return meanwhile
        session = sessions.open_public_session(service, klass="interactive", max_wait=PATIENCE)
        page = _shown(ask(service, session), adult=adult, teaser=teaser)
        fresh = _Kept(time.time(), page)
        cache.set(key, zlib.compress(msgspec.json.encode(fresh)), timeout=settings.CATALOGUE_SECONDS + STALE_FOR)
        return fresh
    except ProviderError as error:
        # A refusal, or an answer in a shape we do not know, may be about this question alone.
        cache.set(resting if isinstance(error, Transient) else misread, 1, timeout=REST)
        raise
    finally:
        # Who took longer than LONGEST_ASK does not send away whoever asks by then.
        if cache.get(lock) == mine:
            cache.delete(lock)


def _await(service: Cataloguer, key: str) -> _Kept | None:
    """What another is asking for now; None when that takes long. Raises Unavailable when the other got no answer."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        sleep(LOOK_EVERY)
        is_over = cache.get(f"{key}:asked") is None
        found = _read(key)
        if found is not None:
            return found
        if is_over:
            raise _trouble(service)
    return None


def _trouble(service: Cataloguer) -> Unavailable:
    return Unavailable(f"{service.name} has trouble at the moment", provider=service.slug, retry_after=REST)


def _is_fresh(kept: _Kept) -> bool:
    return time.time() - kept.asked_at < settings.CATALOGUE_SECONDS


def _shown(page: CataloguePage, *, adult: bool, teaser: int | None) -> CataloguePage:
    """Without adult works, whatever the service was told. teaser: characters of a synopsis, None = all."""
    titles = (title for title in page.titles if adult or not title.facts.is_adult)
    if teaser is not None:
        titles = (_shortened(title, teaser) for title in titles)
    return replace(page, titles=tuple(titles))


def _shortened(title: CatalogueTitle, most: int) -> CatalogueTitle:
    if len(title.synopsis) <= most:
        return title
    return replace(title, synopsis=f"{title.synopsis[: most - 1].rstrip()}…")


def _key(slug: str, *question: object) -> str:
    """What people typed in is in no key."""
    return f"catalogue:{_FORM}:{slug}:{hashlib.sha256(msgspec.json.encode(question)).hexdigest()[:40]}"


def _read(key: str) -> _Kept | None:
    packed = cache.get(key)
    if packed is None:
        return None
    try:
        return msgspec.json.decode(zlib.decompress(packed), type=_Kept)
    except (msgspec.MsgspecError, zlib.error, TypeError):
        log.warning("what is kept of a catalogue cannot be read; it is asked for anew")
        return None
