"""People, for operators. A password hash is never shown: it may only be replaced."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.http import HttpRequest

from accounts.models import AccessKey, User
from accounts.services.erasing import erase_person


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]
    """Asks for e-mail and password. The name is stored in lower case, as sign-up does."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class UserForm(forms.ModelForm):  # type: ignore[type-arg]
    """Without the password field: the admin's change-password page is the only way to touch it."""

    class Meta:
        model = User
        fields = ("email", "timezone", "is_active", "is_staff", "is_superuser", "groups", "user_permissions")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email",)
    ordering = ("-date_joined",)
    date_hierarchy = "date_joined"
    readonly_fields = ("id", "date_joined", "last_login")
    filter_horizontal = ("groups", "user_permissions")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("id", "email", "timezone")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Times", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser touches one: whoever sets another's password or address can become them."""
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Whoever may erase a person erases all that is theirs, the read-only journal too; only its size is shown."""
        _, counts, _, protected = super().get_deleted_objects(objs, request)
        allowed = all(self.has_delete_permission(request, person) for person in objs)
        return [str(person) for person in objs], counts, set() if allowed else {"user"}, protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase_person(obj, tells=False)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for person in queryset:
            erase_person(person, tells=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser hands out rights, otherwise staff could raise themselves."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fields
        return (*fields, "is_staff", "is_superuser", "groups", "user_permissions")


class TheirsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Things of people that let them in: seen by operators, never made or changed, and dropped when somebody is locked
    out or a key was lost. Not those of a superuser, unless by one."""

    search_fields = ("user__email",)
    list_select_related = ("user",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj and obj.user) and super().has_delete_permission(request, obj)


@admin.register(AccessKey)
class AccessKeyAdmin(TheirsAdmin):
    list_display = ("prefix", "user", "name", "created_at", "expires_at", "last_used_at")
    fields = ("user", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at")


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class FactorAdmin(TheirsAdmin):
    """Instead of allauth's, which shows and edits what a factor is made of."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    fields = ("user", "type", "created_at", "last_used_at")


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    return person is None or not person.is_superuser or bool(request.user.is_superuser)
