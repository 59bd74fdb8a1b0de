"""Something new for the list: looked for in the services' catalogues, and added."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url

from accounts.web.limits import limited
from accounts.web.pages import PersonRequest, person_form
from integrations.errors import ProviderError
from integrations.providers import registry
from integrations.services import browsing, titles
from integrations.services.refusals import LinkError
from library.entry import InvalidEntry, Kind, Status
from library.models import Media
from library.services import editing
from library.words import kind_words, quote_title, status_words
from syncing.services import recognising
from syncing.web import candidates

AWAY = "The catalogues do not answer at the moment. Please try again in a minute; your library is not affected."
UNCLEAR = (
    "The id tables do not agree which work this is. Put it on your list at the service: it comes in with the next sync."
)


@person_form
@limited("search", looking=True)
def add_title(request: PersonRequest) -> HttpResponse:
    """GET: a search (`text`, `kind`, `page`), or what people look at now. POST, to the same address: `provider` and
    `external_id`, or `media`; and `status`."""
    kind = Kind(request.GET["kind"]) if request.GET.get("kind") in tuple(Kind) else Kind.ANIME
    unsure: tuple[Any, ...] = ()
    if request.method == "POST":
        unsure = _add(request, kind)
        if not unsure:
            return redirect(f"{resolve_url('library_add')}{_here(request)}")
    context = {
        "kind": kind,
        "kinds": [(str(each), kind_words(each)) for each in Kind],
        "text": _text(request),
        "statuses": [(str(status), status_words(kind, status)) for status in Status],
        "status": request.POST.get("status", ""),
        "here": _here(request),
        "unsure": candidates.show_found(unsure, kind, slug=request.POST.get("provider", "")),
        **({} if unsure else _find(request, kind)),
    }
    return render(request, "syncing/add_title.html", context)


def _text(request: PersonRequest) -> str:
    return " ".join(request.GET.get("text", "").replace("\x00", " ").split())[: browsing.LONGEST_TEXT]


def _find(request: PersonRequest, kind: Kind) -> dict[str, Any]:
    text, page = _text(request), request.GET.get("page", "1")
    number = min(max(int(page), 1), browsing.MOST_PAGES) if page.isdecimal() and len(page) < 4 else 1
    slug = request.GET.get("provider", "")
    try:
        found = browsing.search(kind, text, page=number, provider=slug) if text else browsing.trending(kind)
    except (LinkError, ProviderError):
        return {"trouble": AWAY}
    return {
        "rows": [_row(seen) for seen in titles.see(request.user, found)],
        "service": registry.get(found.provider).name,
        "is_stale": found.is_stale,
        "before": _page(request, found.provider, number - 1) if number > 1 else "",
        "after": _page(request, found.provider, number + 1)
        if found.page.has_more and text and number < browsing.MOST_PAGES
        else "",
    }


def _row(seen: titles.Seen) -> dict[str, Any]:
    facts = seen.title.facts
    what = {"format": facts.format, "year": facts.year, "total": facts.total}
    return {
        "provider": seen.provider,
        "external_id": facts.external_id,
        "title": facts.titles[0] if facts.titles else facts.external_id,
        "facts": candidates.describe(what, facts.kind),
        "synopsis": seen.title.synopsis,
        "url": seen.title.url,
        "media_id": seen.media_id if seen.on_list else None,
    }


def _add(request: PersonRequest, kind: Kind) -> tuple[Any, ...]:
    """What it may be, where that is unsure; whatever else happens is said in a message."""
    try:
        media = Media.objects.get(pk=_chosen(request, kind))
        editing.create_entry(request.user, media_id=media.pk, values=_values(media, request.POST.get("status", "")))
    except recognising.Unsure as error:
        known = tuple(each for each in error.candidates if each.media_id is not None)
        if not known:
            messages.error(request, UNCLEAR)
        return known
    except (InvalidEntry, Media.DoesNotExist) as error:
        is_there = isinstance(error, InvalidEntry) and error.field == "media"
        messages.error(request, "It is on your list already." if is_there else "Please choose a title and a status.")
        return ()
    except (LinkError, ProviderError):
        messages.error(request, AWAY)
        return ()
    messages.success(
        request, f"{quote_title(str(media))} is in your library. Your services get it with their next sync."
    )
    return ()


def _values(media: Media, status: str) -> dict[str, Any]:
    """What is completed was watched or read to its end, where that is known."""
    ends = {"progress": media.total, "progress_volumes": media.volumes} if status == Status.COMPLETED else {}
    return {"status": status, **ends}


def _chosen(request: PersonRequest, kind: Kind) -> int:
    """The work that the form means. Raises Media.DoesNotExist, Unsure, LinkError, ProviderError."""
    media = request.POST.get("media", "")
    if media:
        wanted = int(media) if media.isdecimal() and len(media) <= 18 else 0
        return Media.objects.get(pk=wanted, kind=kind).pk
    slug, external_id = request.POST.get("provider", ""), request.POST.get("external_id", "")
    found = titles.find_title(slug, kind, external_id, adult=False)
    return recognising.work_of(request.user, found.provider, found.page.titles[0].facts)


def _here(request: PersonRequest) -> str:
    kept = QueryDict(mutable=True)
    kept.update({name: request.GET[name] for name in ("text", "kind", "page", "provider") if name in request.GET})
    return f"?{kept.urlencode()}" if kept else ""


def _page(request: PersonRequest, provider: str, number: int) -> str:
    kept = QueryDict(mutable=True)
    kept.update({name: request.GET[name] for name in ("text", "kind") if name in request.GET})
    kept.update({"provider": provider, "page": str(number)})
    return f"?{kept.urlencode()}"
