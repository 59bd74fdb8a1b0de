"""What people do to their lists, here and at the services, each time written down in what was said."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.models import Play, PlayState
from integrations.sandbox.plays import episodes_of, history_of
from integrations.sandbox.server import Running
from library.models import ExternalId
from library.services.editing import create_entry, edit_entry, remove_entry
from syncing.models import Change, ChangeState
from tests.chaos.people import NOTES_NAME, Person, as_entry, look
from tests.chaos.said import COURSE, HERE, MAY_OWN, NOTES, SCORE, Title, differences
from tests.e2e.four import ANILIST, KITSU, LISTS, TRAKT, entry, native_id

RESTS_AFTER = 8.0
"""Seconds since a part was last edited before another side may edit it: longer than anything sent is on its way."""
OPEN = (ChangeState.PLANNED, ChangeState.SENDING, ChangeState.UNKNOWN)


@dataclass(slots=True)
class Editor:
    """pool: works that may be put on a list. made: how often what was done."""

    sandbox: Running
    chance: random.Random
    people: Sequence[Person]
    pool: Sequence[int]
    made: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    _number: int = 0

    # What is done ---------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Some part of some title, at the side that owns it."""
        person = self.chance.choice(self.people)
        title = self.chance.choice([one for one in person.titles.values() if one.listed])
        part = self.chance.choice((COURSE, COURSE, COURSE, SCORE, NOTES))
        if self.chance.random() < 0.35 and self.rests(person, title):
            title.owners[part] = self.chance.choice(MAY_OWN[part])
        side = title.owners[part]
        changes = self._change(title, part, at_trakt=side == TRAKT)
        if changes:
            self._say(person, title, side, part=part, changes=changes)

    def add(self) -> None:
        """A title that was never on the list, first seen on one side."""
        person = self.chance.choice(self.people)
        side = self.chance.choice((HERE, *LISTS, TRAKT))
        fresh = [work for work in self.pool if work not in person.titles]
        if side == HERE:
            ids = ExternalId.objects.filter(provider=ANILIST, kind="anime").values_list("external_id", flat=True)
            fresh = [work for work in fresh if str(work) in set(ids)]
        if not fresh:
            return
        work = self.chance.choice(fresh)
        title = Title(work, len(list(episodes_of(work))), "current", self.chance.randint(1, 3))
        title.owners = {part: side if side in sides else ANILIST for part, sides in MAY_OWN.items()}
        title.said_at = dict.fromkeys(MAY_OWN, time.monotonic())
        person.titles[work] = title
        self._note("added", side, person, title)
        if side == HERE:
            create_entry(person.user, media_id=person.media_of(work), values=title.values)
        else:
            self._post(person, side, {"upsert": [as_entry(side, title)]})

    def remove(self) -> None:
        """A title that all sides agree about: an edit that is on its way would rightly bring it back."""
        person = self.chance.choice(self.people)
        resting = [one for one in person.titles.values() if one.listed and self._is_old(one)]
        self.chance.shuffle(resting)
        title = next((one for one in resting[:5] if self.rests(person, one)), None)
        if title is None:
            return
        side = self.chance.choice((HERE, *LISTS))
        title.listed = False
        self._note("removed", side, person, title)
        if side == HERE:
            remove_entry(person.user, media_id=person.media_of(title.work))
        else:
            number = native_id(side, title.work)
            key: Any = number if side == ANILIST else {"kind": "anime", "id": number}
            self._post(person, side, {"delete": [key]})

    def replay(self) -> None:
        """An episode is watched once more, and recorded so on Trakt by its person."""
        person = self.chance.choice(self.people)
        played = [one for one in person.titles.values() if one.progress and self._is_old(one)]
        self.chance.shuffle(played)
        title = next((one for one in played[:5] if self.rests(person, one)), None)
        if title is None:
            return
        episodes = list(episodes_of(title.work))[: title.progress]
        again = self.chance.choice(episodes)
        title.replays[again] += 1
        self._note("replayed", TRAKT, person, title)
        body = history_of(title.work, title.progress, without=[one for one in episodes if one != again])
        self._post(person, TRAKT, {"upsert": [{"history": body}]})

    def rests(self, person: Person, title: Title) -> bool:
        """True when all sides show what was said last, and nothing that was sent is on its way any more."""
        if not self._is_old(title) or differences(title, look(self.sandbox, person)):
            return False
        mine = Change.objects.filter(user=person.user, media_id=person.media_of(title.work))
        doubts = Play.objects.filter(connection=person.links[TRAKT].pk, state=PlayState.DOUBTFUL)
        return not mine.filter(state__in=OPEN).exists() and not doubts.exists()

    # How ------------------------------------------------------------------------------------------------------

    def _is_old(self, title: Title) -> bool:
        return time.monotonic() - max(title.said_at.values(), default=0.0) > RESTS_AFTER

    def _change(self, title: Title, part: str, *, at_trakt: bool) -> dict[str, Any]:
        """Values that are not so yet; {} = there is nothing to do here."""
        if part == NOTES:
            self._number += 1
            return {"notes": f"note {self._number}"}
        if part == SCORE:
            return {"score": self.chance.choice([mark for mark in range(10, 101, 10) if mark != title.score])}
        if title.status == "completed":
            return {}
        luck = self.chance.random()
        if luck < 0.15 and not at_trakt:
            return {"status": "completed", "progress": title.total}
        if luck < 0.35 and not at_trakt and title.progress:
            return {
                "status": self.chance.choice([one for one in ("current", "paused", "dropped") if one != title.status])
            }
        if title.progress + 1 >= title.total or (at_trakt and title.status == "dropped"):
            return {}
        progress = min(title.total - 1, title.progress + self.chance.randint(1, 3))
        return {"progress": progress} | ({"status": "current"} if title.status == "planned" else {})

    def _imply(self, side: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What comes along unsaid: who goes on with a title at Kitsu has it as current (kitsu.md 8.2)."""
        goes_on = side == KITSU and "progress" in changes and "status" not in changes
        return {**changes, **({"status": "current"} if goes_on else {})}

    def _say(self, person: Person, title: Title, side: str, *, part: str, changes: dict[str, Any]) -> None:
        before = title.progress
        for name, value in self._imply(side, changes).items():
            setattr(title, name, value)
        title.said_at[part] = time.monotonic()
        self._note("edited", side, person, title, changes)
        if side == HERE:
            edit_entry(person.user, media_id=person.media_of(title.work), changes=changes)
        elif side == TRAKT:
            known = list(episodes_of(title.work))[:before]
            self._post(person, TRAKT, {"upsert": [{"history": history_of(title.work, title.progress, without=known)}]})
        else:
            words = dict(changes)
            notes = words.pop("notes", None)
            made = entry(side, title.work, **words) | ({NOTES_NAME[side]: notes} if notes is not None else {})
            self._post(person, side, {"upsert": [made]})

    def _post(self, person: Person, side: str, data: dict[str, Any]) -> None:
        self.sandbox.control("POST", f"{side}/accounts/{person.accounts[side]}/edit", data)

    def _note(self, verb: str, side: str, person: Person, title: Title, changes: Any = "") -> None:
        self.made[f"{verb} at {'the library' if side == HERE else 'a service'}"] += 1
        self.told.append(f"{verb} {title.work} of {person.user.email} at {side} {changes}")
