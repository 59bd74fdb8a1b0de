"""What every page of a signed-in person shares: sign-in, POST for changes, "not found", paging."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User

PAGE_SIZE = 50

View = Callable[..., HttpResponse]


class PersonRequest(HttpRequest):
    """A request of someone who is signed in; a type for the checker, never built."""

    user: User


def _hide_missing(view: View) -> View:
    """Rows are fetched by functions that take the person, so a row of someone else is missing: 404, never 403."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ObjectDoesNotExist as error:
            raise Http404 from error

    return answer


def person_page(view: View) -> View:
    """A page to look at: GET and HEAD only, signed in."""
    return require_safe(login_required(_hide_missing(view)))


def person_action(view: View) -> View:
    """A change: POST only, signed in."""
    return require_POST(login_required(_hide_missing(view)))


def person_form(view: View) -> View:
    """A page with a form that posts to itself."""
    return login_required(_hide_missing(view))


def page_of(request: HttpRequest, rows: QuerySet[Any], *, size: int = PAGE_SIZE) -> Page[Any]:
    """The page that `?page=` asks for; nonsense gives the first, too high the last."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
