"""What a person may set about themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import User
from accounts.services.keys import LONGEST_NAME


def zone_choices(present: str = "") -> list[tuple[str, str | list[tuple[str, str]]]]:
    """UTC, then zones grouped by continent. The old aliases without one (EST5EDT, GMT+0, …) are left out, unless
    `present`, what the person has now, is among them."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        continent, _, city = name.partition("/")
        if city and continent not in ("Etc", "SystemV", "US", "posix", "right"):
            groups.setdefault(continent, []).append((name, city.replace("_", " ").replace("/", " – ")))
    offered = {name for zones in groups.values() for name, _ in zones}
    alone = ["UTC"] if present in offered or present in ("", "UTC") else ["UTC", present]
    return [*((name, name) for name in alone), *groups.items()]


class KeyForm(forms.Form):
    """What a new access key is to be."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="For yourself: where the key will live.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[
            ("read", "look at everything that is yours"),
            ("sync", "start, preview and steer syncs"),
            ("write", "change your list, your links to services and your settings"),
        ],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="It ends",
        choices=[("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("", "never, until it is revoked")],
        coerce=int,
        empty_value=None,
        required=False,
        initial="90",
    )


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("timezone",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"] = forms.ChoiceField(
            label="Time zone",
            choices=zone_choices(self.instance.timezone),
            help_text="Times on these pages are shown in this zone. Days on your lists are never shifted.",
        )
