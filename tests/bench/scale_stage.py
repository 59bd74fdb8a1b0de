"""Where scale is measured: a private PostgreSQL and Valkey, as durable as in production, and production's settings."""

from __future__ import annotations

import base64
import os
import platform
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django

from project.embedded.servers import EmbeddedServers

HOUSE = {
    "DJANGO_SETTINGS_MODULE": "project.settings.prod",
    "ENISHI_URL": "http://localhost:8000",
    "ENISHI_LOG_LEVEL": "WARNING",
    # Celery warns of root in eight lines a process.
    "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
}


@contextmanager
def scale_stage(more: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """Gives the environment for processes of the house, and takes it on itself: Django is set up inside, on migrated
    tables. Nothing that needs its settings may be imported before. more: variables on top.

    Nobody's .env and no server of anybody else's is looked at.
    """
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="enishi-scale-", ignore_cleanup_errors=True))
        )
        # The unprivileged user that runs the servers for root must be able to pass through.
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        servers = stack.enter_context(EmbeddedServers(folder, database="postgres"))
        keys = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "TOKEN_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "ENISHI_ENV_FILE": str(folder / "none.env"),
            "ENISHI_VAR": str(folder),
        }
        environment = {**HOUSE, **keys, **servers.urls, **(more or {})}
        os.environ |= {**environment, "DATABASE_POOL": "0"}
        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        yield {
            name: value for name, value in os.environ.items() if name in environment or name in ("PATH", "HOME", "LANG")
        }


def machine() -> str:
    """One line to stand beside every figure."""
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, load {load}"
