"""What other rooms may want to know of connections. Sent inside the transaction that stores the change.

So a receiver may change rows, which commit together with the connection, and must leave everything that others can
see before the commit (tasks, mails) to `transaction.on_commit`. It must not call a provider.

connection_linked      connection, fresh: bool    fresh: the first account or another than before; forget what was known
connection_unlinked    connection                 the tokens are gone
connection_changed     connection, names: frozenset[str]    options or state that changed, by their field names
connection_needs_login connection                 the person must sign in again; nothing can be done until then
login_ends_soon        connection, expires_at, days: int    only the person can renew it; told 30, 7 and 1 days before

The sender is always the Connection class.
"""

from __future__ import annotations

from django.dispatch import Signal

connection_linked = Signal()
connection_unlinked = Signal()
connection_changed = Signal()
connection_needs_login = Signal()
login_ends_soon = Signal()
