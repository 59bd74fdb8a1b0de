from __future__ import annotations

import time

import pytest

from integrations.providers import plain

HOSTS = frozenset({"img.example"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("", ""),
        ("One.<br><br />\nTwo &amp; <i>three</i>.", "One.\nTwo & three."),
        ("<p>One</p><p>two</p>", "One\ntwo"),
        ("It ends. ~!He wakes up!~ Or not.", "It ends. Or not."),
        ("It ends. ~!He wakes up", "It ends."),
        ("I <3 you, 2 < 3", "I <3 you, 2 < 3"),
        ("<script>steal()</script>", "steal()"),
        ("&lt;img src=x onerror=steal()&gt;", ""),
        ("<<b>script>steal()<</b>/script>", "steal()"),
        ("<!-- a --><![CDATA[x]]><svg/onload=steal()", "‹svg/onload=steal()"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("a\x00b\x1bc\u202ed", "a b cd"),
    ],
)
def test_descriptions_come_out_plain(text: str | None, expected: str) -> None:
    assert plain.read_synopsis(text) == expected


def test_long_descriptions_end_at_a_word() -> None:
    cut = plain.read_synopsis("word " * 1_000)
    assert (cut[-6:], len(cut) <= plain.MAX_SYNOPSIS) == (" word…", True)
    assert len(plain.read_synopsis("x" * 100_000)) == plain.MAX_SYNOPSIS


@pytest.mark.parametrize("piece", ["<", "<a", "~!", "&lt;", "<!--", "<br", "&#60;"])
def test_hostile_descriptions_cost_no_time(piece: str) -> None:
    began = time.perf_counter()
    assert "<a" not in plain.read_synopsis(piece * 1_000_000)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://img.example/1.jpg",
        "https://evil.example/1.jpg",
        "https://img.example.evil.example/1.jpg",
        "https://img.example:8443/1.jpg",
        "https://user@img.example/1.jpg",
        "https://img.example\\@evil.example/1.jpg",
        'https://img.example/1.jpg"onerror="steal()',
        "https://img.example/1 2.jpg",
        "https://img.example/\n1.jpg",
        "javascript:steal()",
        "//img.example/1.jpg",
        "https://[img.example/1.jpg",
        "https://img.example/" + "x" * 500,
    ],
)
def test_addresses_that_are_not_shown(url: str | None) -> None:
    assert plain.read_address(url, HOSTS) == ""


def test_an_address_that_is_shown() -> None:
    url = "https://img.example/cover/bx1-Ab_%20.jpg?17"
    assert plain.read_address(url, HOSTS) == url


def test_genres_are_few_and_short() -> None:
    told = ["Action", None, "", "Action", " Slice\nof Life ", *(f"G{at}" for at in range(50))]
    found = plain.read_genres(told)
    assert found[:3] == ("Action", "Slice of Life", "G0")
    assert len(found) == plain.MOST_GENRES
