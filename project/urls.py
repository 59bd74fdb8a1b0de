from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path

from accounts.api.unknown import unknown
from integrations.web.figures import show_figures
from project import alarms, health
from syncing.web.alarms import show_alarms

handler400 = "project.outages.bad_request"
handler500 = "project.outages.server_error"

admin.site.site_header = admin.site.site_title = "Enishi"
admin.site.index_title = "What operators see"
# The admin's own sign-in form knows no rate limit; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.live),
    path("readyz", health.ready),
    path("alarmz", alarms.show, name="alarms"),
    path("admin/services/", admin.site.admin_view(show_figures), name="service_figures"),
    path("admin/alarms/", admin.site.admin_view(show_alarms), name="operators_alarms"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    # Nobody signs in by telephone here; allauth (65.21) has these addresses all the same, and fails on them.
    re_path(r"^_allauth/(?:app|browser)/v1/(?:account|auth)/phone", unknown),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("library.api.urls")),
    # Before the room on its left: integrations/sync is no service.
    path("api/v1/", include("syncing.api.urls")),
    path("api/v1/", include("notices.api.urls")),
    path("api/v1/", include("integrations.api.urls")),
    re_path(r"^api(?:/|$)", unknown),
    # Pages
    path("", include("accounts.web.urls")),
    path("", include("library.web.urls")),
    path("", include("integrations.web.urls")),
    path("", include("syncing.web.urls")),
    path("", include("notices.web.urls")),
]
