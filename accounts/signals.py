"""What the accounts tell the rooms to their right.

person_leaving: sent inside the transaction in which all rows of a person go, before any goes; the person's row is
locked against changes, not against new rows that lead to it. Arguments: user, and shared_access: whether access that
other programs of the person use as well is to be ended too. A receiver may change rows; what it has to do elsewhere it
returns as a function, called once after the commit, that returns lines for the person (what could not be done, and how
they can do it). It must not call a service before that.
"""

from __future__ import annotations

from django.dispatch import Signal

person_leaving = Signal()
