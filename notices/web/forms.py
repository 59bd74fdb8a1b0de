"""What a person says of their channels."""

from __future__ import annotations

from django import forms

from notices.events import Event
from notices.models import Way
from notices.services.addresses import LONGEST
from notices.services.channels import LONGEST_NAME


class EventsForm(forms.Form):
    events = forms.MultipleChoiceField(
        label="Tell me when", choices=Event.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class NewChannelForm(EventsForm):
    way = forms.ChoiceField(label="Where", choices=[(Way.WEBHOOK, "Webhook"), (Way.SERVICE, Way.SERVICE.label)])
    address = forms.CharField(
        max_length=LONGEST,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="A webhook: https://… · Discord and others, as Apprise writes them: discord://id/token, "
        "tgram://token/chat, slack://a/b/c, pover://user@token. Stored encrypted and never shown again.",
    )
    name = forms.CharField(max_length=LONGEST_NAME, required=False, help_text="For yourself.")

    field_order = ("way", "address", "name", "events")
