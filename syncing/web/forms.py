"""The form for a person's own place of a work: which show or film, which season, from which episode on."""

from __future__ import annotations

from typing import Any

from django import forms

from library.entry import MAX_COUNT

MAX_ID = 2_147_483_647


class PlaceForm(forms.Form):
    target_kind = forms.ChoiceField(label="It is", choices=(("show", "a show, or a part of one"), ("movie", "a film")))
    target_id = forms.IntegerField(
        label="Id at TMDB",
        min_value=1,
        max_value=MAX_ID,
        help_text="The number in the address of its page at themoviedb.org, which Trakt's pages link to:"
        " 1429 in themoviedb.org/tv/1429.",
    )
    season = forms.IntegerField(
        label="Season", min_value=0, max_value=10_000, required=False, help_text="0 is the specials. Not for a film."
    )
    start = forms.IntegerField(
        label="First episode",
        min_value=1,
        max_value=MAX_COUNT,
        required=False,
        help_text="The number that episode 1 of this title has in that season. Not for a film.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_show = cleaned.get("target_kind") == "show"
        for name, words in (("season", "season"), ("start", "first episode")):
            if name in self.errors:
                continue
            if is_show and cleaned.get(name) is None:
                self.add_error(name, f"A show needs its {words}.")
            elif not is_show and cleaned.get(name) is not None:
                self.add_error(name, f"A film has no {words}; leave this empty.")
        return cleaned
