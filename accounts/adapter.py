"""Where allauth's behaviour is ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST_EMAIL = 254
"""Characters that User.email holds; no mail address is longer (RFC 5321, 4.5.3.1.3)."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Links in mails begin with SITE_URL, never with the Host header of whoever asked for the mail."""

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return f"{settings.SITE_URL}{reverse('account_confirm_email', args=[emailconfirmation.key])}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        # `key` is allauth's "user-token" pair, which its route takes apart again (65.21, read 2026-11-21).
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", quote(key))

    def clean_email(self, email: str) -> str:
        """Refuses what the column cannot hold; allauth (65.21) would cut it and write to a stranger."""
        if len(email) > LONGEST_EMAIL:
            raise ValidationError(f"This address is longer than {LONGEST_EMAIL} characters.")
        return str(super().clean_email(email))

    def is_safe_url(self, url: str) -> bool:
        """A path here. allauth (65.21) also takes every allowed host, and ours admit the loopback names for probes."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def format_email_subject(self, subject: str) -> str:
        return f"{settings.SITE_NAME}: {subject}"

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:
        context = {**context, "site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        return super().render_mail(template_prefix, email, context, headers)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(getattr(settings, "SIGNUP_OPEN", True))
