import time
import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from tests.bench.large import add_works, make_entries
from tests.e2e.conftest import sync
from syncing.services import leases
from syncing.services.running import run_lease

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

def show(title, c, run):
    print(f"\n== {title}: {len(c)} queries, req {run.requests} w {run.writes} lib {run.library_changes} {run.state} {run.message}")
    from collections import Counter
    for q in c.captured_queries[:60]:
        print("   ", q["time"], q["sql"][:170].replace("\n", " "))

@pytest.mark.parametrize("size", [10, 1000])
def test_explore(sandbox, link, alice, size):
    add_works(sandbox, size)
    t=time.time()
    a = link(alice, "anilist", make_entries("anilist", size)); m = link(alice, "myanimelist", make_entries("myanimelist", size))
    print("fill", time.time()-t)
    def go(title, c):
        t=time.time()
        with CaptureQueriesContext(database) as q:
            lease = leases.claim(c.pk)
            run = run_lease(lease, trigger="command")
        show(f"{title} {time.time()-t:.3f}s", q, run)
        return run
    go("first anilist", a); go("first mal", m); go("second anilist", a); go("second mal", m)
    go("third anilist", a); go("third mal", m); go("4 anilist", a); go("4 mal", m)
