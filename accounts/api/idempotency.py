"""Idempotency-Key: a POST that was sent twice, because an answer was lost, does its work once.

The key is taken by a row of its own, committed before the work: of two at once one gets it, the other 409. When the
work is done its answer is stored for a day; whoever comes again with the same body gets it again. What was refused is
forgotten: it did nothing, and may be tried again. A process that died at work leaves its row; after LEASE the next try
takes it over, so the services behind a key must bear a second start, as all that start runs do.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.problems import Problem
from accounts.models import IdempotentAnswer, User

LEASE = timedelta(minutes=2)
"""Longer than any request may take (gunicorn ends them before)."""
KEPT = ("Location", "ETag")
"""Headers that belong to the answer."""
_SHAPE = re.compile(r"[\x21-\x7e]{1,255}")

F = TypeVar("F", bound=Callable[..., Any])


def idempotent(method: F) -> F:
    """Above the `post` of a view. Not where the answer shows a secret: it would be kept."""

    @wraps(method)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return method(view, request, *args, **kwargs)
        if not _SHAPE.fullmatch(key):
            raise Problem("bad_idempotency_key", "Send 1 to 255 printable characters, e.g. a fresh UUID.")
        row, mine = _claim(request, key)
        if not mine:
            return _replay(row)
        try:
            given = method(view, request, *args, **kwargs)
        except BaseException:
            _mine(row).delete()
            raise
        _keep(row, given)
        return given

    answer.is_idempotent = True  # type: ignore[attr-defined]
    return answer  # type: ignore[return-value]


def _claim(request: Request, key: str) -> tuple[IdempotentAnswer, bool]:
    """The row, and whether the work is ours to do. Raises Problem when it is another request's or at work."""
    fingerprint, user = _fingerprint(request), request.user
    assert isinstance(user, User), "@idempotent is for those who are signed in"
    row = IdempotentAnswer(user=user, key=key, fingerprint=fingerprint)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
        return row, True
    except IntegrityError:
        found = IdempotentAnswer.objects.filter(user=user, key=key).first()
    if found is None:  # whoever held it was refused just now
        raise _at_work()
    if bytes(found.fingerprint) != fingerprint:
        raise Problem("idempotency_mismatch", "Use a fresh key for each request; repeat one only with the same body.")
    if found.status:
        return found, False
    seen, now = found.created_at, timezone.now()
    if seen > now - LEASE or not _mine(found).update(created_at=now):
        raise _at_work()
    found.created_at = now
    return found, True


def _mine(row: IdempotentAnswer) -> Any:
    """The row while it is this request's: whoever takes it over moves the time."""
    return IdempotentAnswer.objects.filter(pk=row.pk, status=0, created_at=row.created_at)


def _at_work() -> Problem:
    return Problem("in_progress", "Wait for the first one; its answer is kept.", headers={"Retry-After": "2"})


def _fingerprint(request: Request) -> bytes:
    whole = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type and request.content_type.startswith("multipart/"):
        # Read by Django's handlers: a large file lies on the disk, not in memory.
        fields: Any = request.data
        for name, value in sorted((name, value) for name, value in fields.items() if isinstance(value, str)):
            whole.update(f"{name}={value}\n".encode())
        for name, file in sorted(request.FILES.items()):
            whole.update(f"{name}\n".encode())
            for chunk in file.chunks():
                whole.update(chunk)
            file.seek(0)
    else:
        whole.update(request._request.body)
    return whole.digest()


def _keep(row: IdempotentAnswer, given: Response | HttpResponse) -> None:
    body = given.data if isinstance(given, Response) else None
    if body is not None:
        body = json.loads(JSONRenderer().render(body))
    headers = {name: given[name] for name in KEPT if given.has_header(name)}
    _mine(row).update(status=given.status_code, body=body, headers=headers)


def _replay(row: IdempotentAnswer) -> Response:
    return Response(row.body, status=row.status, headers={**row.headers, "Idempotent-Replay": "true"})
