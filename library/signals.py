"""What the library tells the rooms to its right.

library_edited: sent inside the transaction in which entries changed by a person's hand, so that a receiver's rows
commit together with the edit. Arguments: user, edits (a list of `library.services.editing.Edit`).
"""

from __future__ import annotations

from django.dispatch import Signal

library_edited = Signal()
