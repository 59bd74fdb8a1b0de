"""One at a time, across the processes that run tests beside each other."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def alone_on_the_database(purpose: str) -> Iterator[None]:
    """Waits until nobody else on this PostgreSQL does the same. purpose: a word."""
    server = settings.DATABASES["default"]
    name = hashlib.sha256(f"{server.get('HOST')}:{server.get('PORT')}".encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"enishi-{purpose}-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
