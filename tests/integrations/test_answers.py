from __future__ import annotations

import traceback

import msgspec
import pytest

from integrations.answers import Answer, judge_generally, read_wait
from integrations.errors import AuthRevoked, Gone, Malformed, ProviderError, Rejected, Transient, Unavailable
from integrations.line import template_path


@pytest.mark.parametrize(
    ("status", "content_type", "body", "expected"),
    [
        (200, "application/json", b"{}", None),
        (200, "", b" [1]", None),
        (204, "", b"", None),
        (200, "text/html", b"<p>Just a moment", Transient),
        (200, "", b"<p>", Transient),
        (301, "text/html", b"", Transient),
        (400, "application/json", b"{}", Rejected),
        (401, "application/json", b"{}", AuthRevoked),
        (401, "text/plain", b"no", AuthRevoked),
        (403, "application/json", b"{}", AuthRevoked),
        (403, "text/html", b"<p>Request blocked", Unavailable),
        (404, "application/json", b"{}", Gone),
        (404, "text/html", b"<p>", Gone),
        (408, "", b"", Transient),
        (422, "application/json", b"{}", Rejected),
        (400, "text/html", b"<p>", Transient),
        (500, "application/json", b"{}", Transient),
        (502, "text/html", b"<p>", Transient),
        (503, "text/html", b"<p>", Unavailable),
        (520, "", b"", Transient),
    ],
)
def test_what_http_alone_means(
    status: int, content_type: str, body: bytes, expected: type[ProviderError] | None
) -> None:
    verdict = judge_generally(Answer(status, {"content-type": content_type}, body), name="Toy", now=0.0)
    assert (type(verdict) if verdict else None) is expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "99999999"}, 86_400.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT", "date": "Fri, 15 Jan 2027 08:00:50 GMT"}, 10.0),
        ({"x-ratelimit-reset": "1800000045"}, 45.0),
        ({"x-ratelimit-reset": "45"}, 45.0),
        ({"retry-after": "5", "x-ratelimit-reset": "1800000045"}, 5.0),
    ],
)
def test_how_long_to_stay_away(headers: dict[str, str], seconds: float | None) -> None:
    assert read_wait(Answer(429, headers, b""), now=1_800_000_000.0) == seconds


class Item(msgspec.Struct):
    id: int
    score: float


class Page(msgspec.Struct):
    items: list[Item]


def test_a_body_is_decoded_into_its_shape() -> None:
    answer = Answer(200, {}, b'{"items": [{"id": 1, "score": 2.5, "new": true}]}')
    assert answer.decode(Page) == Page(items=[Item(id=1, score=2.5)])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"items": [{"id": "private note", "score": 1}]}', "$.items[0].id"),
        (b'{"items": [{"id": 1}]}', "$.items[0]"),
        (b"<html>private note", "$"),
        (b'{"items": [', "$"),
        (b"\xff\xfe", "$"),
        (b"[" * 100_000, "$"),
    ],
)
def test_another_shape_is_malformed_and_names_the_place_only(body: bytes, path: str) -> None:
    with pytest.raises(Malformed) as caught:
        Answer(200, {}, body).decode(Page, provider="toy")
    assert (caught.value.path, caught.value.provider) == (path, "toy")
    assert "private note" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/v2/anime/5114/my_list_status", "/v2/anime/{}/my_list_status"),
        ("/v2/users/@me/animelist", "/v2/users/@me/animelist"),
        ("/v2/users/alice/mangalist", "/v2/users/{}/mangalist"),
        ("/api/v2/oauth/token", "/api/v2/oauth/token"),
        ("/edge/library-entries/9f1c", "/edge/library-entries/{}"),
        ("/x/eyJhbGciOi.eyJzdWIi.c2ln", "/x/{}"),
    ],
)
def test_a_path_is_shown_as_its_template(path: str, shown: str) -> None:
    assert template_path(path) == shown
