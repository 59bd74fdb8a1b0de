"""The service for real people: `make run`, Docker, Kubernetes. Refuses to start rather than start half safe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from integrations.crypto import Keyring, KeyringError
from project.settings import env, keys

_file = Path(os.environ.get("ENISHI_ENV_FILE", Path(__file__).resolve().parent.parent.parent / ".env"))
env.load_file(_file)
ENV_FILE = _file
if env.flag("ENISHI_MAKE_KEYS") and (_made := keys.add_missing(_file, env.text)):
    print(
        f"{' and '.join(_made)} made and written to {_file}. Keep a copy: without them nobody's links can be read.",
        file=sys.stderr,
    )
    env.load_file(_file)

from project.settings.base import *  # noqa: E402, F403
from project.settings.base import ALLOWED_HOSTS, SANDBOX_URL, SECRET_KEY, SITE_URL, TOKEN_KEYS, TRUSTED_PROXIES  # noqa: E402
from project.settings.logs import logging_settings  # noqa: E402

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_site = urlsplit(SITE_URL)
_is_local = _site.hostname in LOOPBACK
_is_https = _site.scheme == "https"


def _refuse(problem: str, cure: str) -> None:
    raise ImproperlyConfigured(f"{problem}. {cure}")


if len(SECRET_KEY) < 50:
    _refuse(
        "SECRET_KEY is missing or short", "Write 50 random characters or more; `make run` does it in .env by itself"
    )
try:
    Keyring.parse(TOKEN_KEYS, secret_key=SECRET_KEY)
except KeyringError as error:
    raise ImproperlyConfigured(str(error)) from error
if not _is_https and not (_site.scheme == "http" and _is_local):
    _refuse(f"ENISHI_URL is {SITE_URL}", "Write https://…; plain http is for http://localhost:8000 only")
if SANDBOX_URL and not (env.flag("ENISHI_ALLOW_SANDBOX") and urlsplit(SANDBOX_URL).hostname in LOOPBACK):
    _refuse("ENISHI_SANDBOX_URL is set", "Remove it; a trial on loopback needs ENISHI_ALLOW_SANDBOX=true as well")

ALLOWED_HOSTS = ALLOWED_HOSTS or [_site.hostname or "", *sorted(LOOPBACK - {"::1"}), "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}", *env.listing("CSRF_TRUSTED_ORIGINS")]

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
if _is_https:
    # __Host-: the browser takes such a cookie only from this host, over https, for the whole site.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
    SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", True)
    ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logging_settings(form="json", level="INFO")

# On a machine of one's own nobody may have mail set up: then an address need not be confirmed and mail is in the log.
if _is_local and not env.text("EMAIL_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    ACCOUNT_EMAIL_VERIFICATION = "optional"
