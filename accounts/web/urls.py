from django.urls import path

from accounts.web import keys, views

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/keys/", keys.keys, name="access_keys"),
    path("account/keys/<uuid:key_id>/revoke/", keys.revoke, name="revoke_key"),
]
