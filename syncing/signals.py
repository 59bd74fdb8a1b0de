"""What others may want to know of runs. Sent inside the transaction that stores it; a receiver leaves what can be seen
from outside (tasks, mails) to `transaction.on_commit`, and never calls a provider.

run_ended        run    its last state is stored; runs without changes that were folded into another are not told
questions_asked  run, count    something waits for the person's answer; run may have no row

The sender is always the SyncRun class.
"""

from __future__ import annotations

from django.dispatch import Signal

run_ended = Signal()
questions_asked = Signal()
