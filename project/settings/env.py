"""Reading the environment: typed, and with an error that names the variable and the cure."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}

_from_file: dict[str, str] = {}
"""What .env says. The environment of the process wins over it."""
_from_servers: dict[str, str] = {}
"""URLs of the embedded servers that run just now. Everything else wins over them."""


def load_file(path: Path) -> None:
    """Take the lines of a .env file, if there is one. See `parse`."""
    if path.exists():
        _from_file.update(parse(path.read_text(), name=path.name))


def load_servers(path: Path) -> None:
    """Take the URLs that a launcher left there (project.embedded.servers), unless that launcher is dead."""
    if not path.exists():
        return
    lines = parse(path.read_text(), name=path.name)
    if _is_alive(int(lines.pop("LAUNCHER_PID", "0"))):
        _from_servers.update(lines)


def parse(content: str, *, name: str) -> dict[str, str]:
    """NAME=value lines. Quotes around a value are dropped, nothing is expanded; a line may be a # comment."""
    values: dict[str, str] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        stripped = line.strip().removeprefix("export ")
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in stripped.partition("="))
        if not equals or not key.isidentifier():
            # The line itself may hold a secret: only its number is told.
            raise ImproperlyConfigured(f"{name} line {number} is not NAME=value")
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        values[key] = value[1:-1] if quoted else value
    return values


def given(name: str) -> str | None:
    """What somebody set, in the environment or in .env; None when nobody did."""
    return os.environ.get(name, _from_file.get(name))


def own(name: str) -> str | None:
    """As `given`; `NAME_FILE` may name a file that holds the value (Docker and Kubernetes secrets)."""
    value = given(name)
    path = given(f"{name}_FILE")
    if path and value is None:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE points to {path}, which cannot be read: {error.strerror}"
            ) from error
    return value


def text(name: str, default: str = "") -> str:
    """The variable's value without white space around it; what runs embedded answers for what nobody set."""
    value = own(name)
    return (_from_servers.get(name, default) if value is None else value).strip()


def flag(name: str, default: bool = False) -> bool:
    value = given(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write true or false")


def integer(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number") from error


def listing(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def database(url: str, *, pool: int = 0) -> dict[str, object]:
    """Django's settings for sqlite:///path or postgres://user:password@host:port/name?option=value.

    pool: most connections this process keeps open (PostgreSQL); 0 = one a thread, without a pool.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(unquote(parts.path[1:]) or ":memory:")
    if parts.scheme in ("postgres", "postgresql"):
        return _postgres(url, pool)
    raise ImproperlyConfigured(f"DATABASE_URL begins with {parts.scheme!r}; use postgres:// or sqlite:///")


def next_redis(url: str) -> str:
    """The database number after the one in redis://host:port/number."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0)
    return urlunsplit(parts._replace(path=f"/{number + 1}"))


def _sqlite(path: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            # Immediate: a transaction that will write takes the lock at once and waits for it, instead of
            # failing half way with "database is locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }


def _postgres(url: str, pool: int) -> dict[str, object]:
    parts = urlsplit(url)
    options: dict[str, object] = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    # A socket folder cannot stand where a host name stands: postgres:///name?host=/folder
    host = options.pop("host", None) or unquote(parts.hostname or "")
    port = options.pop("port", None) or str(parts.port or "")
    options.setdefault("connect_timeout", "10")
    if pool:
        options["pool"] = {"min_size": 0, "max_size": pool, "timeout": 20}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        # Django refuses kept connections and a pool together.
        "CONN_MAX_AGE": 0 if pool else 60,
        "CONN_HEALTH_CHECKS": not pool,
        "OPTIONS": options,
    }


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return pid > 0
