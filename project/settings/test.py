"""The tests: real PostgreSQL and Valkey (tests/servers.py starts them), otherwise production where that is free."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from project.settings import env
from project.settings.base import *  # noqa: F403
from project.settings.base import BASE_DIR, CACHES, DATABASE_URL, ID_TABLES, INSTALLED_APPS, REDIS_URL
from project.settings.logs import logging_settings

DEBUG = False
SECRET_KEY = "enishi-tests-only-" + "x" * 50  # - in no other settings
TOKEN_KEYS = "t1:" + base64.b64encode(hashlib.sha256(b"enishi tests").digest()).decode()
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

# No pool: the test database is dropped at the end, and a pool would hold connections to it.
DATABASES = {"default": env.database(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = 0

# The weakest hasher of Django: a strong one would cost more time than all tests together.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Nothing is collected for a test: files are found where they lie.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_TASK_ALWAYS_EAGER = False
# Nothing is fetched unless a test says from where.
ID_TABLES = dict.fromkeys(ID_TABLES, "")
LOGGING = logging_settings(form="text", level="INFO")


class WithoutMigrations(dict[str, None]):
    """Tables straight from the models, for every app: one that has migrations may need a table of one that has not."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def _lack_migrations() -> bool:
    """True while one of our apps with models has no first migration yet."""
    apps = [app for app in INSTALLED_APPS if (BASE_DIR / app / "models.py").exists()]
    return any(not list(Path(BASE_DIR / app / "migrations").glob("0001_*.py")) for app in apps)


# ENISHI_TEST_MIGRATIONS: yes, no, or auto = yes as soon as every app has its first migration.
_wanted = env.text("ENISHI_TEST_MIGRATIONS", "auto")
if _wanted == "no" or (_wanted == "auto" and _lack_migrations()):
    MIGRATION_MODULES = WithoutMigrations()

# Parallel workers share one Valkey: gw0 uses databases 2 and 3, gw1 4 and 5, … and a lone run 0 and 1.
_worker = env.text("PYTEST_XDIST_WORKER").removeprefix("gw")
if _worker:
    REDIS_URL = f"{REDIS_URL.rpartition('/')[0]}/{2 * int(_worker) + 2}"
    CACHES["default"]["LOCATION"] = env.next_redis(REDIS_URL)
    CELERY_BROKER_URL = REDIS_URL
