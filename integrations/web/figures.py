"""What operators see of the services: budgets and outages. Served under /admin/, to staff who may see connections."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from integrations.services.figures import standings


@require_safe
def show_figures(request: HttpRequest) -> HttpResponse:
    """Behind `admin.site.admin_view`, which asks for a member of staff."""
    if not admin.site.has_permission(request) or not request.user.has_perm("integrations.view_connection"):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": "Services", "standings": standings()}
    return render(request, "admin/services.html", context)
