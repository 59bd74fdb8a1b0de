"""Nobody is led into the operator's own network by an address that a person gave."""

from __future__ import annotations

from typing import Any

import pytest

from notices.services.addresses import AddressRefused, check_url, find_target, may_be_asked
from notices.services.chats import check_address


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://",
        "https:///path",
        "https://name:password@example.org/",
        "https://example.org:22/",
        "https://example.org:99999/",
        "https://exam ple.org/",
        "https://example.org/\r\nHost: evil",
        "https://bücher.example.org/",
        "https://example.org/縁",
        "https://example.org\\@10.0.0.1/",
        "javascript:alert(1)",
        f"https://example.org/{'x' * 2_000}",
    ],
)
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


@pytest.mark.parametrize("url", ["https://example.org", "https://example.org:8443/a?b=c", " https://example.org/ "])
def test_what_is_one_is_kept(url: str) -> None:
    assert check_url(url) == url.strip()


@pytest.mark.parametrize(
    "ip",
    [
        *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        # The same places in the clothes of IPv6: mapped, 6to4 and Teredo.
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:0001::", "2002:0a00:0001::"),
        *("::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2001:0:7f00:1::", "2001:0:808:808::f5ff:fffe"),
        # Of the past, for books, and for routers among themselves.
        *("fec0::1", "3fff::1", "5f00::1", "192.88.99.1"),
        "not an address",
    ],
)
def test_private_addresses_are_not_asked(ip: str) -> None:
    assert may_be_asked(ip) is False


@pytest.mark.parametrize("ip", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_world_is(ip: str) -> None:
    assert may_be_asked(ip) is True


def test_a_name_is_looked_up_and_the_address_kept(names: dict[str, list[str]]) -> None:
    target = find_target("https://hooks.example.org:8443/a")
    assert (target.host, target.port, target.ip) == ("hooks.example.org", 8443, "93.184.215.14")


@pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], []])
def test_one_private_address_among_others_is_enough_to_refuse(names: dict[str, list[str]], found: list[str]) -> None:
    names["hooks.example.org"] = found
    with pytest.raises(AddressRefused):
        find_target("https://hooks.example.org/")


def test_a_name_that_leads_nowhere_is_refused(names: dict[str, list[str]]) -> None:
    with pytest.raises(AddressRefused):
        find_target("https://nowhere.example.org/")


def test_an_operator_may_allow_their_own_network(settings: Any, names: dict[str, list[str]]) -> None:
    settings.NOTICES_ALLOW_PRIVATE = True
    names["lan"] = ["192.168.1.5"]
    assert find_target("http://lan:9000/hook").ip == "192.168.1.5"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789", "Discord"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
    ],
)
def test_services_with_a_fixed_host_are_taken(address: str, name: str) -> None:
    assert check_address(address) == name


@pytest.mark.parametrize(
    "address",
    [
        "json://10.0.0.1/",
        "jsons://example.org/",
        "gotify://10.0.0.1/token",
        "mailto://me:secret@example.org",
        "file:///etc/passwd",
        "exec://ls",
        "discord://",
        "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789?template=/etc/passwd",
        "discord ://a/b",
        "nothing",
        "discord://123456789012345678/縁縁縁縁縁縁縁縁縁縁縁縁縁縁縁縁縁縁",
        # Each further target is a request, and for some a pause before it.
        "tgram://123456789:abcdefg_hijklmnop/1/2/3/4/5/6",
    ],
)
def test_others_are_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(address)
