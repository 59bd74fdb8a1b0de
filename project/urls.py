from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from integrations.web.figures import show_figures
from project import alarms, health
from syncing.web.alarms import show_alarms

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
    # Pages
    path("", include("accounts.web.urls")),
    path("", include("library.web.urls")),
    path("", include("integrations.web.urls")),
    path("", include("syncing.web.urls")),
]
