"""The forms for lists as files, and for leaving."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import User
from library.entry import Kind
from library.files.model import Format
from library.words import kind_words

FORMATS = {
    Format.JSON: "JSON: complete, for Enishi itself and for programs",
    Format.CSV: "CSV: a table for spreadsheets",
    Format.MAL_XML: "MyAnimeList XML: for MyAnimeList, AniList and others; one kind a file",
}
RULES = {
    "newest": "The newer value; one whose time the file does not tell loses",
    "file": "The file",
    "library": "My library: only what it lacks is taken",
    "furthest": "The furthest progress and the earliest start, else the newer value",
}


class ExportForm(forms.Form):
    file_format = forms.ChoiceField(
        label="As",
        choices=[(str(key), words) for key, words in FORMATS.items()],
        widget=forms.RadioSelect,
        initial="json",
    )
    kind = forms.ChoiceField(
        label="What",
        choices=[("", "Anime and manga"), *((str(kind), kind_words(kind)) for kind in Kind)],
        required=False,
    )
    with_private = forms.BooleanField(
        label="Private entries in MyAnimeList's file too",
        required=False,
        help_text="It cannot say that an entry is private: where it is read, it becomes public. The others hold all.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("file_format") == Format.MAL_XML and not cleaned.get("kind"):
            self.add_error("kind", "A file of MyAnimeList holds one kind: choose anime or manga.")
        return cleaned


class ImportForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="MyAnimeList's XML, also packed (.xml.gz), or JSON or CSV as Enishi writes them; up to 32 MB.",
        allow_empty_file=True,
    )
    policy = forms.ChoiceField(
        label="Where your library says something else",
        choices=list(RULES.items()),
        widget=forms.RadioSelect,
        initial="newest",
    )


class EraseForm(forms.Form):
    """The person types their own address: nobody does that by accident."""

    address = forms.CharField(label="Your e-mail address, to be sure", max_length=254)
    shared_access = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, user: User, shared: list[str]) -> None:
        super().__init__(data)
        self._user = user
        if shared:
            names = " and ".join(shared)
            self.fields["shared_access"].label = f"Also end Enishi's access at {names}"
            self.fields["shared_access"].help_text = "All your apps share it there: the others must sign in again."
        else:
            del self.fields["shared_access"]

    def clean_address(self) -> str:
        given = str(self.cleaned_data["address"]).strip().lower()
        if given != self._user.email.lower():
            raise forms.ValidationError("This is not the address of this account.")
        return given
