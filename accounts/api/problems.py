"""One shape for every error of the API: RFC 9457 problem details with a stable `code`.

{type, title, status, detail, code, errors: [{field, code, message}]}; `errors` names the fields of a request that does
not fit, `field` is a path such as "entries.3.score", "" where no single field is meant. A room declares its own codes
with `declare`, and says with `explains` what an error of its services means here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from django.core import exceptions as django
from django.http import Http404, HttpResponse, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.fields import get_error_detail
from rest_framework.settings import api_settings

MEDIA_TYPE = "application/problem+json"

CODES: dict[str, tuple[int, str]] = {
    "invalid": (400, "The request does not fit"),
    "malformed": (400, "The request cannot be read"),
    "bad_cursor": (400, "The cursor leads nowhere"),
    "bad_idempotency_key": (400, "The Idempotency-Key cannot be used"),
    "not_signed_in": (401, "Sign in first"),
    "bad_key": (401, "The access key is not accepted"),
    "bad_session": (401, "The session has ended"),
    "forbidden": (403, "Not allowed"),
    "csrf_failed": (403, "The CSRF token is missing or wrong"),
    "scope_missing": (403, "The access key may not do this"),
    "session_required": (403, "Sign in in person"),
    "confirmation_required": (403, "Say once more who you are"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Not with this method"),
    "not_acceptable": (406, "Not in this form"),
    "conflict": (409, "In conflict with what is there"),
    "in_progress": (409, "The same request is at work"),
    "precondition_failed": (412, "It has changed meanwhile"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "Not in this format"),
    "idempotency_mismatch": (422, "The Idempotency-Key was used for another request"),
    "precondition_required": (428, "Say which version is meant"),
    "throttled": (429, "Too many requests"),
    "server_error": (500, "A fault of ours"),
    "unavailable": (503, "Out of order for a moment"),
}
"""code → (status, title). Stable: clients compare codes. Listed in docs/api.md."""

_BY_STATUS = {400: "invalid", 401: "not_signed_in", 403: "forbidden", 404: "not_found", 409: "conflict"}
E = TypeVar("E", bound=Exception)


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    code: str
    message: str


class Problem(Exception):
    """Raise it in a view. code: one of CODES; it gives status and title. detail: for a person, with the cure."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors = code, detail, tuple(errors)
        self.status, self.title = CODES[code]
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"urn:enishi:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail or f"{self.title}.",
        }
        return {**body, "errors": [asdict(error) for error in self.errors]}

    def response(self) -> HttpResponse:
        answer = HttpResponse(json.dumps(self.body), status=self.status, content_type=MEDIA_TYPE)
        for name, value in self.headers.items():
            answer[name] = value
        return answer


def declare(codes: Mapping[str, tuple[int, str]]) -> None:
    """Add a room's own codes. The same code may be declared twice only in the same words."""
    for code, meaning in codes.items():
        if CODES.setdefault(code, meaning) != meaning:
            raise ValueError(f"the problem {code} means {CODES[code]} already; choose another code")


_EXPLANATIONS: dict[type[Exception], Callable[[Any], Problem]] = {}


def explains(kind: type[E]) -> Callable[[Callable[[E], Problem]], Callable[[E], Problem]]:
    """Above a function from an error of a room's services (or a subclass of it) to its problem."""

    def keep(explain: Callable[[E], Problem]) -> Callable[[E], Problem]:
        _EXPLANATIONS[kind] = explain
        return explain

    return keep


def answer_problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER. None for what nobody explains: a fault of ours, or an outage (project.outages)."""
    problem = problem_of(error)
    return None if problem is None else problem.response()


def problem_of(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in _EXPLANATIONS:
            return _EXPLANATIONS[kind](error)
    if isinstance(error, drf.APIException):
        return _of_framework(error)
    if isinstance(error, django.ValidationError):
        return Problem("invalid", _FIELDS, errors=flatten(get_error_detail(error)))
    if isinstance(error, Http404 | django.ObjectDoesNotExist):
        return Problem("not_found", "There is no such thing, or it is not yours.")
    if isinstance(error, django.PermissionDenied):
        return Problem("forbidden")
    if isinstance(error, django.RequestDataTooBig | django.TooManyFieldsSent | django.TooManyFilesSent):
        return Problem("too_large", "Send less at once.")
    if isinstance(error, django.SuspiciousOperation | UnreadablePostError):
        return Problem("malformed")
    return None


_FIELDS = "Some of what was sent does not fit; `errors` says what."


def _of_framework(error: drf.APIException) -> Problem:
    if isinstance(error, drf.ValidationError):
        return Problem("invalid", _FIELDS, errors=flatten(error.detail))
    detail, code = str(error.detail), str(error.get_codes())
    headers = {"WWW-Authenticate": header} if (header := getattr(error, "auth_header", "")) else {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, drf.ParseError):
        return Problem("malformed", detail)
    known = code if CODES.get(code, (0, ""))[0] == error.status_code else _BY_STATUS.get(error.status_code, code)
    return Problem(known if known in CODES else "server_error", detail, headers=headers)


def flatten(detail: Any, before: str = "") -> Iterator[FieldError]:
    """The nested lists and dictionaries of a DRF ValidationError as one list."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            yield from flatten(inner, ".".join(filter(None, (before, own))))
    elif isinstance(detail, list | tuple):
        for at, inner in enumerate(detail):
            is_row = isinstance(inner, Mapping | list | tuple)
            yield from flatten(inner, ".".join(filter(None, (before, str(at)))) if is_row else before)
    else:
        yield FieldError(before, str(getattr(detail, "code", "invalid")), str(detail))
