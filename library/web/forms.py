"""The form for one entry.

It carries the values it was shown with (hidden initials) and reports only what the person changed since: an
episode that a sync added while the page was open is not put back by someone who only meant to score.
"""

from __future__ import annotations

from typing import Any

from django import forms

from library.entry import DATE_FIELDS, FIELDS, MAX_COUNT, MAX_NOTES, MAX_SCORE, InvalidEntry, clean_value, entry_to_json
from library.models import ListEntry
from library.words import field_words, status_choices

DATE_HELP = "YYYY-MM-DD, or as much as you know: YYYY-MM, YYYY"


class EntryForm(forms.Form):
    status = forms.ChoiceField()
    progress = forms.IntegerField(min_value=0, max_value=MAX_COUNT, required=False)
    progress_volumes = forms.IntegerField(min_value=0, max_value=MAX_COUNT, required=False)
    score = forms.IntegerField(min_value=0, max_value=MAX_SCORE, required=False, help_text="0 to 100; 0 is no score.")
    started_on = forms.CharField(required=False, max_length=10, help_text=DATE_HELP)
    finished_on = forms.CharField(required=False, max_length=10, help_text=DATE_HELP)
    repeats = forms.IntegerField(min_value=0, max_value=MAX_COUNT, required=False)
    notes = forms.CharField(required=False, max_length=MAX_NOTES, widget=forms.Textarea(attrs={"rows": 4}))
    private = forms.BooleanField(required=False, help_text="Kept private on every service that can.")

    def __init__(self, data: Any = None, *, row: ListEntry) -> None:
        super().__init__(data, initial=entry_to_json(row.entry))
        kind = row.media.kind
        if kind == "anime":
            del self.fields["progress_volumes"]
        for name, field in self.fields.items():
            field.label = field_words(kind, name)
            field.show_hidden_initial = True
        self.fields["status"].choices = status_choices(kind)  # type: ignore[attr-defined]
        self._name_totals(row)

    def _name_totals(self, row: ListEntry) -> None:
        for name, total in (("progress", row.media.total), ("progress_volumes", row.media.volumes)):
            if name in self.fields and total:
                self.fields[name].help_text = f"of {total}"

    def clean(self) -> dict[str, Any]:
        """Every value by the rules of library.entry; an empty number is 0."""
        cleaned = super().clean() or {}
        for name in FIELDS:
            if name not in cleaned:
                continue
            value = cleaned[name]
            if value is None:
                value = cleaned[name] = 0
            try:
                clean_value(name, value.strip() if name in DATE_FIELDS else value)
            except InvalidEntry as error:
                self.add_error(name, error.message)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """{field: value in its JSON form} for what was changed on the page. Only after is_valid()."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in FIELDS}
