"""What all commands about one person have in common."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from accounts.management.person import USAGE, PersonCommand

EMPTY = {"connect": ["--provider", "anilist"], "import_list": ["none.xml"], "import_anilist_mal_sync": ["none.yaml"]}
OURS = sorted(
    name
    for name, app in get_commands().items()
    if not str(app).startswith("django.") and isinstance(load_command_class(str(app), name), PersonCommand)
)


def test_these_are_about_one_person() -> None:
    assert OURS == ["connect", "export_list", "import_anilist_mal_sync", "import_list", "status", "sync"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", OURS)
def test_nobody_is_made_up(name: str) -> None:
    with pytest.raises(CommandError, match=r"nobody here has the address stranger@example\.org") as caught:
        call_command(name, *EMPTY.get(name, []), "--user", "stranger@example.org", stdout=StringIO())
    assert caught.value.returncode == USAGE


@pytest.mark.parametrize("name", OURS)
def test_the_examples_can_be_read_by_the_command_itself(name: str) -> None:
    command = load_command_class(str(get_commands()[name]), name)
    assert isinstance(command, PersonCommand)
    parser = command.create_parser("manage.py", name)
    assert command.examples
    for example in command.examples:
        words = example.split()
        assert words[0] == name
        assert parser.parse_args(words[1:]).user == "mei@example.org"
    assert all(f"  manage.py {example}\n" in parser.format_help() for example in command.examples)
