"""Titles as they can be compared: one form for all spellings, with season and part as numbers. Pure.

Forms that services use for one and the same thing: "2nd Season", "Season 2", "II", "S2", "第2期". Seen in the titles of
the sandbox's catalogue and of the id tables, 2026-11-25.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LAST = 99
"""The season of a title that says "Final Season": not the first, and nobody says which."""
MOST = 30
"""A higher number at the end is a name ("Mob Psycho 100", "Level 99"), not a season."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS = {word: at for words in (_ORDINALS, _CARDINALS, "一二三四五六七八九十") for at, word in enumerate(words, 1)}
# Single letters are left out: V, X and I are words and names as often as numbers.
_ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12, "xiii": 13, "xv": 15}
_NUMBER = rf"(\d{{1,2}}|{'|'.join(_WORDS)}|{'|'.join(_ROMAN)}|i|v|x)"
_LETTERS = {"i": 1, "v": 5, "x": 10}
_ORDINAL = rf"(\d{{1,2}}(?=st|nd|rd|th)|{'|'.join(word for word in _WORDS if word.isascii())})(?:st|nd|rd|th)?"
_LAST = re.compile(r"\b(?:the )?(?:final|last) season\b")
_SEASONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:the )?{_ORDINAL} season\b",
        rf"\bseason {_NUMBER}\b",
        r"\bs(\d{1,2})\b",
        rf"第? ?{_NUMBER} ?(?:期|シーズン)",
    )
)
_PARTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_ORDINAL} (?:part|cour)\b",
        rf"\b(?:part|cour|pt) {_NUMBER}\b",
        rf"第? ?{_NUMBER} ?(?:部|クール)",
    )
)
_AT_END = re.compile(rf"(?<=\S) r?(\d{{1,2}}|{'|'.join(_ROMAN)})$")
_WITHIN = re.compile(rf"(?<=\S) ({'|'.join(_ROMAN)})(?= )")
_YEAR = re.compile(r"(?<=\S) (?:19|20)\d\d$")
_MARKS = re.compile("[\u0300-\u036f]")
_SILENT = re.compile("['’‘`´]")
_GAPS = re.compile(r"[\W_]+")
_EDGE = re.compile(r"(?<=[^\x00-\x7f\s])(?=\d)|(?<=\d)(?=[^\x00-\x7f\s])")


@dataclass(frozen=True, slots=True)
class Title:
    """base: without season, part and a closing year. words: of it, in alphabetical order. season, part: 0 = not
    named. digits: words that are numbers."""

    base: str
    words: str = ""
    season: int = 0
    part: int = 0
    digits: tuple[str, ...] = ()


def fold(text: str) -> str:
    """One form for case, width, accents and punctuation: "Re：Zéro" and "re zero" are the same."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
        text = unicodedata.normalize("NFC", _MARKS.sub("", text))
        text = _EDGE.sub(" ", text)
    text = _SILENT.sub("", text.casefold()).replace("&", " and ")
    return _GAPS.sub(" ", text).strip()


@lru_cache(maxsize=65_536)
def read_title(text: str) -> Title:
    whole = fold(text)
    rest, season = _take(whole, _SEASONS)
    rest, part = _take(rest, _PARTS)
    if not season:
        rest, found = _LAST.subn(" ", rest)
        season = LAST if found else 0
    rest = " ".join(rest.split())
    if not season:
        for pattern in (_AT_END, _WITHIN):
            match = pattern.search(rest)
            if match is not None and 1 <= _value(match[1]) <= MOST:
                season = _value(match[1])
                rest = " ".join(f"{rest[: match.start()]} {rest[match.end() :]}".split())
                break
    rest = _YEAR.sub("", rest)
    if not rest:
        rest, season, part = whole, 0, 0
    words = sorted(rest.split())
    return Title(rest, " ".join(words), season, part, tuple(word for word in words if word.isdigit()))


def _take(text: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[str, int]:
    """The text without what the first fitting pattern names, and its number."""
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            return f"{text[: match.start()]} {text[match.end() :]}", _value(match[1])
    return text, 0


def _value(word: str) -> int:
    return int(word) if word.isdigit() else _WORDS.get(word) or _ROMAN.get(word) or _LETTERS[word]
