"""Versions: nothing is sent twice in vain (304), and no edit is lost to another (412).

The tag comes from what makes a row new (its revision, its time of change), so that nothing is read to find out. Compare
it where the row is locked, in the transaction of the change: before it, two edits could both see the old one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.problems import Problem

M = TypeVar("M", bound=models.Model)


def etag_of(*parts: object) -> str:
    """A strong tag, with its quotes. parts: what the thing is, and everything that moves when its answer does."""
    whole = "\n".join(map(str, parts))
    return f'"{hashlib.sha256(whole.encode()).hexdigest()[:24]}"'


@dataclass(frozen=True, slots=True)
class Expectation:
    """What If-Match said. tags: None = nothing was said; ("*",) = whatever is there."""

    tags: tuple[str, ...] | None

    def check(self, etag: str) -> None:
        """etag: of the row as it is, read under its lock. Raises Problem (precondition_failed) with it as ETag."""
        # A weak tag (W/"…") matches nothing here: RFC 9110, 13.1.1.
        if self.tags is not None and self.tags != ("*",) and etag not in self.tags:
            detail = "Somebody changed it since you read it. Read it again, look, and send your change anew."
            raise Problem("precondition_failed", detail, headers={"ETag": etag})


def expectation_of(request: Request, *, required: bool) -> Expectation:
    """Raises Problem (precondition_required) where If-Match is missing and may not be."""
    text = request.headers.get("If-Match")
    if text is None:
        if required:
            raise Problem("precondition_required", "Send If-Match with the ETag of what you read, or * to overwrite.")
        return Expectation(None)
    return Expectation(tuple(parse_etags(text)))


def answer_versioned(request: Request, etag: str, make: Callable[[], Any]) -> Response:
    """304 without making the body where If-None-Match names this version, else make() and its ETag."""
    wanted = [re.sub(r"\AW/", "", tag) for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    if wanted == ["*"] or etag in wanted:
        return Response(status=304, headers={"ETag": etag})
    return Response(make(), headers={"ETag": etag})


@contextmanager
def locked(rows: models.QuerySet[M], **look_up: Any) -> Iterator[M]:
    """One row, locked until the end of the block, which is one transaction. Raises DoesNotExist.

    Where the service that makes the change locks something else first (library: lock_library), lock that instead.
    """
    with transaction.atomic():
        yield rows.select_for_update(of=("self",)).get(**look_up)
