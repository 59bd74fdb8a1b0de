"""Everything is broken on purpose, at random, while people edit: does all of it come right again?

    python -m tests.chaos --runs 300 --seed 7

    servers.py     a PostgreSQL and a Valkey that fall and come back
    settings.py, apps.py   the service's settings, with terms short enough to see their end
    crew.py        real workers, a control worker, two beats: started, killed, replaced
    people.py      some people with four accounts each
    said.py        what was said of each title, by whom and where: what must stand everywhere in the end
    edits.py       saying it, here and at the services
    storm.py       the driver: what happens next
    calm.py        all trouble ends, and everything has to come to rest
    invariants.py  what must hold then
    reports.py     what the processes wrote into their logs

What was measured: docs/decisions/0022-chaos.md.
"""
