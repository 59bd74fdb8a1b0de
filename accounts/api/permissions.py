"""Who may: signed in, with the right scope; for the account itself in person.

Whose rows is no matter of permissions: rows are fetched by functions that take the person, and others' are not found.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.api.authentication import REALM, key_of, session_of
from accounts.api.problems import Problem


class HasScope(BasePermission):
    """A session may all; a key what its scopes say. The view's `scopes` names others than read (GET) and write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        key, needed = key_of(request), scope_of(view, request.method or "GET")
        if key is None or needed in key.scopes:
            return True
        headers = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{needed}"'}
        raise Problem("scope_missing", f"This needs an access key with the scope {needed}.", headers=headers)


class InPerson(BasePermission):
    """Methods in the view's `in_person`: for keys, factors, password and the end of an account. A key that was lost
    must not become the account."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in getattr(view, "in_person", ()) or key_of(request) is None:
            return True
        raise Problem("session_required", "This is not done with an access key: sign in with a session.")


class Confirmed(BasePermission):
    """Methods in the view's `confirmed` ask for the password (or another factor) of the last minutes, as the pages do:
    a borrowed session is not enough. allauth keeps when that was, in the session."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in getattr(view, "confirmed", ()):
            return True
        asked, session = copy(request._request), session_of(request)
        if session is not None:
            asked.session = session
        if not is_reauthentication_required(asked, app="allauth.account"):
            return True
        way = "browser" if session is None else "app"
        raise Problem("confirmation_required", f"POST /_allauth/{way}/v1/auth/reauthenticate, then try again.")


def scope_of(view: Any, method: str) -> str:
    """The scope that a key needs: read, sync or write."""
    default = "read" if method in SAFE_METHODS else "write"
    scopes: dict[str, str] = getattr(view, "scopes", {})
    return scopes.get("GET" if method == "HEAD" else method, default)
