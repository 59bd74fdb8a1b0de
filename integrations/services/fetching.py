"""One file from a public host, for the id tables: https, listed hosts, a largest size, and only if it is new.

The only requests that are not for a person: no token, no cookie, nothing of anybody.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import httpx
from django.conf import settings

from integrations.errors import Malformed, Transient
from integrations.line import build_client
from library.mappings.streaming import MAX_SIZE
from library.services.id_tables import Origin

HOSTS = frozenset(
    {
        "raw.githubusercontent.com",
        "github.com",
        # Where GitHub keeps release files, today and before.
        "release-assets.githubusercontent.com",
        "objects.githubusercontent.com",
    }
)
MOST_REDIRECTS = 5
READ_SECONDS = 30.0
WHOLE_SECONDS = 300.0
SPOOL = 8 * 1024 * 1024
NOTHING_KNOWN = Origin()


@dataclass(frozen=True, slots=True)
class Download:
    """file: the content, from its beginning; None = it is what we have."""

    file: BinaryIO | None
    origin: Origin = NOTHING_KNOWN


@contextmanager
def fetched(url: str, *, known: Origin = NOTHING_KNOWN, client: httpx.Client | None = None) -> Iterator[Download]:
    """The content of a table in a file that is gone afterwards. Raises Transient or Malformed."""
    allowed = HOSTS | {httpx.URL(url).host}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    sent = {"Accept": "*/*"} | {name: value for name, value in headers.items() if value}
    own = client or build_client(user_agent=settings.USER_AGENT, site_url=settings.SITE_URL)
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as file:
        try:
            yield _follow(own, url, allowed=allowed, headers=sent, file=cast(BinaryIO, file))
        except httpx.InvalidURL as error:
            raise Malformed("The address of the table is none.") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise Transient("The host of the table cannot be reached, or its answer was cut short.") from error
        finally:
            if client is None:
                own.close()


def _follow(
    client: httpx.Client, url: str, *, allowed: Iterable[str], headers: dict[str, str], file: BinaryIO
) -> Download:
    at = httpx.URL(url)
    for _ in range(MOST_REDIRECTS + 1):
        if at.scheme != "https" or at.host not in allowed or at.userinfo:
            raise Malformed(f"The table would come from {at.host or 'nowhere'}, which is not among its hosts.")
        with client.stream("GET", at, headers=headers, timeout=READ_SECONDS) as response:
            if response.has_redirect_location:
                at = at.join(response.headers["location"])
                continue
            return _take(response, file)
    raise Malformed("The host of the table sends us round and round.")


def _take(response: httpx.Response, file: BinaryIO) -> Download:
    if response.status_code == 304:
        return Download(None)
    if response.status_code != 200:
        kind = Transient if response.status_code in (408, 429) or response.status_code >= 500 else Malformed
        raise kind(f"The host of the table answered {response.status_code}.")
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
        raise Malformed("The table came packed in a way that we did not ask for.")
    size, ends = 0, time.monotonic() + WHOLE_SECONDS
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_SIZE:
            raise Malformed(f"The table has more than {MAX_SIZE // 2**20} MB.")
        if time.monotonic() > ends:
            raise Transient("The table took too long to arrive.")
        file.write(chunk)
    return Download(file, Origin(response.headers.get("etag", ""), response.headers.get("last-modified", "")))
