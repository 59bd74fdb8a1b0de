"""The demo's foreground job: makes the people and their lists, walks the way, and shows what it came to."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import time

import django

if __name__ == "__main__":
    django.setup()

import httpx
from django.conf import settings
from rich.console import Console

from accounts.models import User
from integrations.providers import registry
from project.demo import comparing, figures, tables
from project.demo.people import ACCOUNTS, EMAIL, KITSU_PASSWORD, fill_sandbox, make_person
from project.demo.walk import DemoFailed, Walker, trouble_of, wait_for, wait_for_rest


def main() -> int:
    once = "--once" in sys.argv
    console = Console(highlight=False, width=100, soft_wrap=True)
    started = time.monotonic()
    result = figures.Result()
    password = secrets.token_urlsafe(9)
    try:
        _walk(result, password, console)
    except (DemoFailed, httpx.HTTPError) as error:
        result.trouble.append(str(error))
        console.print(f"The demo stopped: {error}")
    result.seconds = round(time.monotonic() - started, 1)
    for line in result.trouble:
        console.print(f"not as it should be: {line}")
    (settings.VAR_DIR / "result.json").write_text(json.dumps(result.as_json()))
    if once or not result.held:
        return 0 if result.held else 1
    _stay(console, password)
    return 0


def _walk(result: figures.Result, password: str, console: Console) -> None:
    sandbox, site = settings.SANDBOX_URL, settings.SITE_URL
    say = console.print
    user = make_person(password)
    fill_sandbox(ACCOUNTS, unpaced="--unpaced" in sys.argv)
    say(f"A person with lists on four services: {EMAIL}, password {password}")
    works, shows = tables.import_tables(), tables.warm_up()
    say(f"What is where on Trakt: an id table of {works} works, and {shows} shows that others asked for before")
    walker = Walker(site, say=say)
    walker.sign_in(EMAIL, password)
    for slug, account in ACCOUNTS.items():
        name = registry.get(slug).name
        if "password" in registry.get(slug).oauth.grants:
            walker.sign_in_at(slug, account, KITSU_PASSWORD)
        else:
            walker.connect(slug, account)
        say(f"{name} is connected as {account}; nothing is changed before you have seen it")
        preview = walker.approve_first_plan(user, slug)
        say(f"Preview: {preview.changes.count()} changes planned; approved on {site}/runs/{preview.pk}/")
        wait_for_rest(user)
    result.trouble += trouble_of(user)
    figures.read_figures(user, result)
    result.trouble += comparing.compare(user, sandbox, accounts=ACCOUNTS)[:5]
    before = {slug: figures.count_requests(sandbox, slug) for slug in ACCOUNTS}
    result.requests = {slug: total for slug, (total, _) in before.items()}
    result.trouble += [f"{slug} said {many} times: too many requests" for slug, (_, many) in before.items() if many]
    figures.show(result, console)
    _run_again(result, walker, user)
    requests = ", ".join(f"{registry.get(slug).name} {count}" for slug, count in result.second_run_requests.items())
    say(f"The same again: {result.second_run_writes} writes (requests: {requests})")


def _run_again(result: figures.Result, walker: Walker, user: User) -> None:
    """Twice: the first look after our own writes has to read, since only that tells that nothing else came."""
    sandbox = settings.SANDBOX_URL
    writes = {slug: figures.count_writes(user, slug) for slug in ACCOUNTS}
    for _ in range(2):
        before = {slug: figures.count_requests(sandbox, slug)[0] for slug in ACCOUNTS}
        _sync_all(walker, user)
    result.second_run_writes = sum(figures.count_writes(user, slug) - writes[slug] for slug in ACCOUNTS)
    result.second_run_requests = {slug: figures.count_requests(sandbox, slug)[0] - before[slug] for slug in ACCOUNTS}


def _sync_all(walker: Walker, user: User) -> None:
    synced = {row.provider: row.last_synced_at for row in user.connections.all()}
    for slug in ACCOUNTS:
        walker.sync_now(slug)
    wait_for(
        "the second run",
        lambda: all(row.last_synced_at != synced[row.provider] for row in user.connections.all()),
    )
    wait_for_rest(user)


def _stay(console: Console, password: str) -> None:
    console.print(f"\nLook around: {settings.SITE_URL}  as {EMAIL}, password {password}")
    console.print(f"The imitated services: {settings.SANDBOX_URL}  (Ctrl-C ends everything)")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells us too; the supervisor ends us
    while os.getppid() != 1:
        time.sleep(1)


if __name__ == "__main__":
    raise SystemExit(main())
