from django.urls import path

import accounts.api.schema_ways  # noqa: F401 - tells the schema how one signs in
from accounts.api import account, documents, keys

urlpatterns = [
    path("schema", documents.Schema.as_view(), name="api_schema"),
    path("docs", documents.docs, name="api_docs"),
    path("csrf", account.Csrf.as_view(), name="api_csrf"),
    path("account", account.Account.as_view(), name="api_account"),
    path("account/keys", keys.Keys.as_view(), name="api_keys"),
    path("account/keys/<uuid:key_id>", keys.Key.as_view(), name="api_key"),
]
