"""The OpenAPI 3.1 document: drf-spectacular, and what it cannot know: problems, headers, ways to sign in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from accounts.api.permissions import scope_of
from accounts.api.problems import CODES, MEDIA_TYPE

PROBLEM = "#/components/schemas/Problem"
METHODS = ("get", "post", "put", "patch", "delete")
ALWAYS = (401, 429, 503)
"""A token that is not accepted is refused where none is needed, too."""
SIGNED_IN = (403,)
WITH_BODY = (400, 413, 415)


def example(name: str, value: Any, *, request: bool = False, status: int = 200) -> OpenApiExample:
    """One example for `@extend_schema(examples=[…])`. request: of the body sent, else of the answer with `status`."""
    if request:
        return OpenApiExample(name, value, request_only=True)
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


def problems(*statuses: int) -> dict[str, Any]:
    """For `@extend_schema(extensions=problems(409, …))`: statuses an operation has beyond those of every other."""
    return {"x-problems": list(statuses)}


class ApiSchema(AutoSchema):
    """DEFAULT_SCHEMA_CLASS: reads what the view declares (scopes, if_match, etagged, @idempotent)."""

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if getattr(self._method_of_view(), "is_idempotent", False):
            text = "Any text, fresh for each request: sent again with the same body, it gets the first answer again."
            found.append(_header("Idempotency-Key", text))
        if self.method in getattr(self._ours, "if_match", {}):
            text = "The ETag of what you read, or * for whatever is there."
            required = self._ours.if_match[self.method] == "required"
            found.append(_header("If-Match", text, required=required))
        if self._is_etagged():
            found.append(_header("If-None-Match", "The ETag of what you have: 304 if it is still so."))
        return found

    def get_description(self) -> str:  # type: ignore[override]
        text = super().get_description() or ""
        if self.method in getattr(self.view, "in_person", ()):
            once_more = self.method in getattr(self.view, "confirmed", ())
            only = "In person only, not with an access key" + (", and with a fresh confirmation." if once_more else ".")
            return f"{text}\n\n{only}".strip()
        if self._needs_sign_in():
            return f"{text}\n\nAccess keys need the scope `{scope_of(self.view, self.method)}`.".strip()
        return str(text)

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        statuses = {*ALWAYS, *operation.pop("x-problems", ())}
        statuses |= set(SIGNED_IN) if self._needs_sign_in() else set()
        statuses |= set(WITH_BODY) if "requestBody" in operation else set()
        statuses |= {400} if any(one["in"] == "query" for one in operation.get("parameters", ())) else set()
        statuses |= {404} if "{" in self.path else set()
        if getattr(self._method_of_view(), "is_idempotent", False):
            statuses |= {400, 409, 422}
        if mode := getattr(self.view, "if_match", {}).get(self.method):
            statuses |= {412, 428} if mode == "required" else {412}
        if self._is_etagged():
            operation["responses"]["304"] = {"description": "It is still as you have it."}
        for status in sorted(statuses):
            operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
        return operation

    @property
    def _ours(self) -> Any:
        """Ours, or one of drf-spectacular's, which declares nothing."""
        return self.view

    def _method_of_view(self) -> Any:
        return getattr(self.view, self.method.lower(), None)

    def _is_etagged(self) -> bool:
        return self.method == "GET" and getattr(self.view, "etagged", False)

    def _needs_sign_in(self) -> bool:
        return any(each.__name__ != "AllowAny" for each in self._ours.permission_classes)


def _header(name: str, text: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required, description=text)


def _problem_response(status: int) -> dict[str, Any]:
    codes = [code for code, (own, _) in CODES.items() if own == status]
    answer: dict[str, Any] = {
        "description": f"{CODES[codes[0]][1]}. Codes: {', '.join(f'`{code}`' for code in codes)}.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM}}},
    }
    if status in (429, 503):
        seconds = {"type": "integer", "minimum": 1}
        answer["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": seconds}}
    return answer


def finish(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """POSTPROCESSING_HOOKS: the shape of a problem, and the order of things."""
    field = {
        "type": "object",
        "required": ["field", "code", "message"],
        "properties": {
            "field": {"type": "string", "description": 'A path such as "entries.3.score"; "" = no single field.'},
            "code": {"type": "string"},
            "message": {"type": "string"},
        },
    }
    text = {"type": "string"}
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = {
        "type": "object",
        "description": "RFC 9457 problem details. Compare `code`; show `detail`.",
        "required": ["type", "title", "status", "code", "detail", "errors"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; listed in docs/api.md."},
            "detail": text,
            "errors": {"type": "array", "items": field},
        },
    }
    result["components"]["responses"] = {
        f"Problem{status}": _problem_response(status)
        for status in sorted({status for status, _ in CODES.values()} - {500})
    }
    return result


def only_api(endpoints: Iterable[Any]) -> list[Any]:
    """PREPROCESSING_HOOKS."""
    return [each for each in endpoints if each[0].startswith("/api/v1/")]
