"""A developer's machine and the demo: no keys to write, mail in the log, plain http."""

from __future__ import annotations

import os
from pathlib import Path

# A data folder of its own: a command started without `make manage` would otherwise meet real people's links with keys
# that open none of them, and ask everybody to sign in again.
os.environ.setdefault("ENISHI_VAR", str(Path(__file__).resolve().parent.parent.parent / "var" / "development"))

from project.settings import env, keys
from project.settings.base import *  # noqa: F403
from project.settings.base import VAR_DIR
from project.settings.logs import logging_settings

DEBUG = True
SECRET_KEY = keys.kept(VAR_DIR / "secret-key", keys.make_secret_key)
TOKEN_KEYS = keys.kept(VAR_DIR / "token-keys", keys.make_token_keys)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

# Mail goes to the log and an address need not be confirmed: nobody waits for a letter that is never sent.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
ACCOUNT_EMAIL_VERIFICATION = "optional"

if not env.text("REDIS_URL"):
    # `manage.py runserver` alone, without Valkey: good enough for one process.
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LOGGING = logging_settings(form="text", level="INFO")
