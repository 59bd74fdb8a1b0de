"""Taking over a person's setup of anilist-mal-sync: their apps, what still opens their lists, options, choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from integrations import oauth
from integrations.errors import AuthRevoked, ProviderError
from integrations.models import Connection, ConnectionState, ProviderApp
from integrations.providers import registry
from integrations.providers.base import Provider
from integrations.queries import connections_for_user
from integrations.services import apps, linking, options, providers
from integrations.services.refusals import LinkError, explain_failure
from library.entry import Kind
from library.services import catalogue, matches
from syncing.services import scheduling
from syncing.services.foreign_reading import MODES, ForeignService, ForeignSetup

if TYPE_CHECKING:
    from accounts.models import User

WAITING = "Taken over from anilist-mal-sync. Please sign in to go on."


@dataclass(slots=True)
class Moved:
    """What became of it, in sentences for a person. Never a secret."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def take_over(user: User, setup: ForeignSetup) -> Moved:
    """Makes what can be made and says the rest. Run twice it changes nothing more. May call the services."""
    moved = Moved()
    for slug, said in setup.services.items():
        if said != ForeignService():
            _take_service(user, setup, slug, said=said, moved=moved)
    _take_choices(user, setup, moved)
    if setup.anime_only:
        moved.left.append("It knew anime only, so manga is switched off: switch it on in the settings of each service.")
    if setup.dry_run:
        moved.left.append("dry_run: the first sync of each service is shown here before anything is changed.")
    moved.left += [f"{name} has no like here." for name in setup.other]
    for connection in connections_for_user(user):
        scheduling.look_again(connection.pk)
    return moved


@sensitive_variables()
def _take_service(user: User, setup: ForeignSetup, slug: str, *, said: ForeignService, moved: Moved) -> None:
    service = registry.get(slug)
    linked = connections_for_user(user).exclude(state=ConnectionState.NEEDS_LOGIN).filter(provider=slug).first()
    if linked is not None:
        moved.left.append(f"{service.name} is linked here already; that link stays as it is.")
        return
    app = _take_app(user, service, said, moved=moved)
    if not _take_token(user, service, said, app=app, moved=moved):
        _wait_for_login(user, service)
    row = connections_for_user(user).get(provider=slug)
    if said.username and row.account_name and said.username.casefold() != row.account_name.casefold():
        moved.left.append(f"{service.name}: the file names another account than the one that is linked.")
    _take_options(user, setup, service, moved=moved)


def _take_app(user: User, service: Provider, said: ForeignService, *, moved: Moved) -> ProviderApp | None:
    if not said.client_id:
        return None
    secret = said.client_secret.reveal() if said.client_secret is not None else None
    try:
        row = apps.save_app(user, provider=service.slug, client_id=said.client_id, client_secret=secret)
    except LinkError as error:
        moved.left.append(f"{service.name}: its app is not taken over. {error.message}")
        return None
    back = providers.redirect_uris(service.slug)[0]
    moved.done.append(f"{service.name}: your own app. Add {back} to its redirect addresses there.")
    return row


@sensitive_variables()
def _take_token(user: User, service: Provider, said: ForeignService, *, app: ProviderApp | None, moved: Moved) -> bool:
    """True when the list is linked now."""
    if service.oauth.refreshes and app is None:
        moved.left.append(f"{service.name}: a token is of no use without the app it was made with; sign in here.")
        return False
    if said.access_token is None:
        moved.left.append(f"{service.name}: there is no token, so sign in on its page here.")
        return False
    if said.expires_at is not None and said.expires_at <= timezone.now():
        moved.left.append(f"{service.name}: its access has run out, so sign in on its page here.")
        return False
    grant = oauth.Grant(said.access_token, said.refresh_token, said.expires_at)
    try:
        client_id = app.client_id if app is not None else ""
        account = linking.identify(service, grant, client_id=client_id, person=str(user.pk))
        linking.store_link(user, service, account=account, grant=grant, app=app)
    except AuthRevoked:
        moved.left.append(f"{service.name} does not accept its token any more, so sign in on its page here.")
        return False
    except ProviderError as error:
        moved.left.append(f"{service.name}: {explain_failure(error).message}")
        return False
    except LinkError as error:
        moved.left.append(error.message)
        return False
    moved.done.append(f"{service.name}: linked as {account.name}. Its first sync waits for your yes.")
    return True


def _wait_for_login(user: User, service: Provider) -> None:
    """A link with its options that waits for the person; signing in keeps what is chosen here."""
    values = {"state": ConnectionState.NEEDS_LOGIN, "message": WAITING, "message_code": "needs_login"}
    site = providers.settings_for(service.slug)
    first = {**values, "direction": site.direction, "interval_minutes": site.interval}
    Connection.objects.update_or_create(user=user, provider=service.slug, defaults=values, create_defaults=first)


def _take_options(user: User, setup: ForeignSetup, service: Provider, *, moved: Moved) -> None:
    chosen: dict[str, object] = {}
    if setup.mode:
        chosen["direction"] = MODES[setup.mode][service.slug]
    if setup.minutes:
        chosen["interval_minutes"] = min(max(setup.minutes, options.SHORTEST_INTERVAL), options.LONGEST_INTERVAL)
    if setup.anime_only:
        chosen["kinds"] = [str(Kind.ANIME)]
    if chosen:
        options.set_options(user, provider=service.slug, **chosen)
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in chosen.items() if name != "kinds")
        moved.done.append(f"{service.name}: {told or 'anime only'}.")
    if chosen.get("interval_minutes", setup.minutes) != setup.minutes:
        moved.left.append(f"{service.name}: {setup.minutes} minutes is out of range, so the nearest is taken.")


def _take_choices(user: User, setup: ForeignSetup, moved: Moved) -> None:
    known = {
        kind: catalogue.media_by_external_ids("anilist", kind, [*setup.ignored, *(a for a, _ in setup.pairs)])
        for kind in Kind
    }
    for id_ in setup.ignored:
        # AniList counts anime and manga together: of one that is not known here only one kind can be meant.
        for kind in [kind for kind in Kind if id_ in known[kind]] or list(Kind):
            matches.say_alone(user, provider="anilist", kind=kind, external_id=id_)
    if setup.ignored:
        moved.done.append(f"{len(setup.ignored)} titles of AniList are left alone.")
    for here, there in setup.pairs:
        found = next((kind for kind in Kind if here in known[kind]), None)
        if found is None:
            moved.left.append(f"AniList {here} = MyAnimeList {there}: not known here yet; run this again after a sync.")
            continue
        matches.say_work(user, provider="myanimelist", kind=found, external_id=there, media_id=known[found][here])
        moved.done.append(f"AniList {here} = MyAnimeList {there}.")
    moved.left += [f"“{title}” was ignored by its title; leave it alone by hand." for title in setup.titles]
