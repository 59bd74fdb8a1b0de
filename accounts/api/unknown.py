"""Addresses below /api/ that lead nowhere, and those with a slash too many."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt

from accounts.api.problems import problem_of


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """308 (method and body are kept) from `…/settings/` to `…/settings`; else 404 as a problem."""
    bare = request.path.rstrip("/")
    if bare != request.path and _leads_somewhere(bare):
        query = request.META.get("QUERY_STRING", "")
        target = escape_uri_path(bare) + (f"?{query}" if query else "")
        return HttpResponse(status=308, headers={"Location": target})
    problem = problem_of(Http404())
    assert problem is not None
    return problem.response()


def _leads_somewhere(path: str) -> bool:
    try:
        return resolve(path).func is not unknown
    except Resolver404:
        return False
