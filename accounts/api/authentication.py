"""Three ways to say who one is: an access key, a session token (apps), a session cookie with a CSRF token (browsers).

Whoever presents something that is not accepted gets 401, also where a good cookie lies beside it: a program must learn
that its key is over. Wrong keys and tokens count against their address.
"""

from __future__ import annotations

import re
from typing import Any

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.api.problems import Problem
from accounts.api.throttles import count_refusal
from accounts.models import AccessKey, User
from accounts.services.keys import find_key

REALM = 'Bearer realm="enishi"'
_TOKEN = re.compile(r"[A-Za-z0-9]{20,80}")


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer enishi_…`. request.auth is the AccessKey."""

    def authenticate(self, request: Request) -> tuple[User, AccessKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        row = find_key(key.strip())
        if row is None:
            count_refusal(request)
            headers = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
            raise Problem("bad_key", "It is wrong, revoked or over. Make another one.", headers=headers)
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return REALM


class TokenAuthentication(BaseAuthentication):
    """`X-Session-Token: …` as allauth's app client got it. request.auth is the session."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        token = request.headers.get("X-Session-Token")
        if token is None:
            return None
        found = authenticate_by_x_session_token(token) if _TOKEN.fullmatch(token) else None
        if found is None:
            count_refusal(request)
            raise Problem("bad_session", "Sign in again.", headers={"WWW-Authenticate": REALM})
        user, session = found
        return user, session


class CookieAuthentication(SessionAuthentication):
    """The pages' own session. Every change needs the CSRF token (X-CSRFToken) as well. request.auth is None."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except (PermissionDenied, APIException) as error:
            detail = "Send the token of GET /api/v1/csrf as X-CSRFToken, from an origin that is let in."
            raise Problem("csrf_failed", detail) from error


def key_of(request: Request) -> AccessKey | None:
    """The key that the request came with; None for a session."""
    return request.auth if isinstance(request.auth, AccessKey) else None


def session_of(request: Request) -> SessionBase | None:
    """The session of an app, which came by its token; None for a key and for a browser, whose cookie is at hand."""
    return request.auth if isinstance(request.auth, SessionBase) else None
