"""What a person sees when a page could not be made, and a program when an answer could not."""

from __future__ import annotations

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from django.views.decorators.csrf import requires_csrf_token
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from accounts.api.problems import Problem

RETRY_AFTER = 30
"""Seconds; a server that restarts is back within them."""
API = "/api/"
_AWAY = (OperationalError, RedisError, BrokerError)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database or Redis does not answer, 500 for a fault of ours. Django calls it while it handles the
    exception, and has logged that before. The pages ask nothing of the servers that may be gone."""
    is_away = isinstance(sys.exc_info()[1], _AWAY)
    if request.path.startswith(API):
        wait = {"Retry-After": str(RETRY_AFTER)} if is_away else {}
        response = Problem("unavailable" if is_away else "server_error", headers=wait).response()
        response["Cache-Control"] = "no-store"
        return response
    if not is_away:
        return HttpResponse(render_to_string("500.html"), status=500)
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django itself refuses: a foreign Host, an address that is none."""
    if request.path.startswith(API):
        return Problem("malformed").response()
    return defaults.bad_request(request, exception)
