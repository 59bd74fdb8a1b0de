"""What every endpoint shares. A view is one of these with `get`, `post`, `put`, `patch`, `delete` methods.

PersonView: signed in, by key or session. SessionView: in person, never by key. PublicView: anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.api.etags import Expectation, expectation_of
from accounts.api.filters import DjangoFilterBackend
from accounts.api.paging import CursorPaging
from accounts.api.permissions import Confirmed, HasScope, InPerson, scope_of
from accounts.api.strictness import check_types
from accounts.api.throttles import count
from accounts.models import User

WHO = ("Authorization", "Cookie", "X-Session-Token", "Origin")
"""What an answer depends on."""
S = TypeVar("S", bound=BaseSerializer[Any])


class ApiView(GenericAPIView[Any]):
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    scopes: ClassVar[Mapping[str, str]] = {}
    """Method → scope that a key needs, where it is not read for GET and write for the rest."""
    limits: ClassVar[Mapping[str, str]] = {}
    """Method → what is counted (settings.API_RATE_LIMITS, ACCOUNT_RATE_LIMITS), where it is not as `limit_of` says."""
    if_match: ClassVar[Mapping[str, str]] = {}
    """Method → "required" or "optional": it takes If-Match (`self.expectation()`)."""
    etagged: ClassVar[bool] = False
    """GET answers an ETag and takes If-None-Match (etags.answer_versioned)."""
    in_person: ClassVar[frozenset[str]] = frozenset()
    """Methods that are not done with an access key."""
    confirmed: ClassVar[frozenset[str]] = frozenset()
    """Methods that ask for the password of the last minutes: what a borrowed session may not do."""
    pagination_class: type[CursorPaging] | None = None
    filter_backends: Sequence[Any] = ()

    @property
    def person(self) -> User:
        user = self.request.user
        assert isinstance(user, User), "an endpoint without sign-in has no person"
        return user

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        # Times are told in UTC, however somebody signed in.
        with timezone.override("UTC"):
            return super().dispatch(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        count(request, self.limit_of(request))

    def limit_of(self, request: Request) -> str:
        """Reading, runs, changes; strangers by their address, whatever they try."""
        method = request.method or "GET"
        if not request.user.is_authenticated:
            return "anonymous"
        usual = "read" if method in SAFE_METHODS else "sync" if scope_of(self, method) == "sync" else "change"
        return self.limits.get("GET" if method == "HEAD" else method, usual)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store, private")
        patch_vary_headers(response, WHO)
        return response

    def read(self, serializer: type[S], *, partial: bool = False) -> dict[str, Any]:
        """What the body says, validated. Raises ValidationError, which is the problem `invalid`."""
        reader = serializer(data=self.request.data, partial=partial, context=self.get_serializer_context())
        check_types(self.request, reader)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def read_query(self, serializer: type[S]) -> dict[str, Any]:
        """What the address says behind its question mark. Raises ValidationError."""
        reader = serializer(data=self.request.query_params.dict())
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def show(self, serializer: type[S], thing: Any) -> Any:
        return serializer(thing, context=self.get_serializer_context()).data

    def expectation(self) -> Expectation:
        """What If-Match says. Call it first; check it where the row is locked."""
        return expectation_of(self.request, required=self.if_match.get(self.request.method or "") == "required")


class PersonView(ApiView):
    permission_classes = (IsAuthenticated, InPerson, HasScope, Confirmed)


class SessionView(PersonView):
    in_person = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class PublicView(ApiView):
    permission_classes = (AllowAny,)


class PagedView(PersonView):
    """A list: `return self.answer_page(rows, Serializer)`. rows: ordered by names, see CursorPaging.

    filterset_class: Filters (accounts.api.filters) that `self.filter_queryset(rows)` applies, where there is one.
    """

    pagination_class = CursorPaging
    filter_backends = (DjangoFilterBackend,)

    def answer_page(self, rows: QuerySet[Any], serializer: type[S]) -> Response:
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page, many=True, context=self.get_serializer_context()).data)
