"""The REST API: Django REST framework, its schema, who may call from another origin, how often, and second factors."""

from __future__ import annotations

from typing import Any

from corsheaders.defaults import default_headers

from library.entry import FIELDS, Kind
from project.settings import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.KeyAuthentication",
        "accounts.api.authentication.TokenAuthentication",
        "accounts.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.api.permissions.HasScope",
    ],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsing.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "accounts.api.problems.answer_problem",
    # `?format=` would let an address choose the form; Accept does.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Enishi",
    "DESCRIPTION": (
        "Keeps one person's anime and manga lists the same on AniList, MyAnimeList, Kitsu and Trakt. "
        "Guide: docs/api.md. Errors are RFC 9457 problem details; lists are paged by cursor; times are UTC."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "SORT_OPERATION_PARAMETERS": True,
    # One name for each set of words, whatever the fields are called that use it.
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": [str(kind) for kind in Kind],
        "EntryFieldEnum": list(FIELDS),
        "RunStateEnum": "syncing.models.RunState",
        "ChangeStateEnum": "syncing.models.ChangeState",
        "ReviewStateEnum": "syncing.models.ReviewState",
        "ConnectionStateEnum": "integrations.models.ConnectionState",
        "DeviceStateEnum": "integrations.models.DeviceState",
        "AnswerEnum": "syncing.api.serializers.CHOICES",
        "WayEnum": "notices.models.Way",
        "EventEnum": "notices.events.Event",
        "NoticeStateEnum": "notices.models.NoticeState",
        "PolicyEnum": "integrations.models.Policy",
        "ImportPolicyEnum": "syncing.api.serializers.IMPORT_POLICIES",
        "MatchChoiceEnum": "syncing.api.mapping_shapes.CHOICES",
    },
    "PATH_CONVERTER_OVERRIDES": {"row": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}},
    "PREPROCESSING_HOOKS": ["accounts.api.schema.only_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.schema.finish",
    ],
}

# From where a browser may call with somebody's cookie or token; empty = from our own pages only.
CORS_ALLOWED_ORIGINS = env.listing("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(?:api|_allauth)/"
CORS_ALLOW_HEADERS = (
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-session-token",
    "x-email-verification-key",
    "x-password-reset-key",
)
CORS_EXPOSE_HEADERS = ("ETag", "Idempotent-Replay", "Location", "Retry-After")

# Counted by accounts.api.throttles: amount/seconds|m|h, several with commas. `sync`, `link` and `change` are counted
# with the pages (ACCOUNT_RATE_LIMITS).
API_RATE_LIMITS = {
    "read": env.text("LIMIT_API_READ", "600/m"),
    # What asks a service while somebody waits: search and catalogue.
    "search": env.text("LIMIT_API_SEARCH", "30/m"),
    # By address: who is not signed in, and keys that are not accepted.
    "anonymous": env.text("LIMIT_API_ANONYMOUS", "120/m"),
    "refused": env.text("LIMIT_API_REFUSED", "20/m"),
}

MFA_ADAPTER = "project.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Enishi"
# Passkeys need https, except on this very machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = env.text("ENISHI_URL", "http://localhost").startswith("http://")
# A clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
HEADLESS_CLIENTS = ("browser", "app")


def api_settings() -> dict[str, Any]:
    return {name: value for name, value in globals().items() if name.isupper()}
