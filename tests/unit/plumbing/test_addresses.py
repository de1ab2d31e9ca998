from __future__ import annotations

import ipaddress

import pytest

from kpis.plumbing.addresses import Exceptions, is_public

INNER = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.7",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.9",
    "203.0.113.5",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "fc00::1",
    "fd12:3456::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:0:53aa:64c::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "2a00:1450:4001::1%3",
]

OUTER = [  # up to the edges of the closed blocks
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.1.1",
    "192.169.1.1",
    "198.17.1.1",
    "198.20.1.1",
    "223.255.255.255",
    "2a00:1450:4001::1",
    "2606:4700::1111",
    "2001:4860:4860::8888",
]


@pytest.mark.parametrize("spelling", INNER)
def test_an_address_that_is_not_the_public_internets_is_not_public(spelling):
    assert not is_public(ipaddress.ip_address(spelling))


@pytest.mark.parametrize("spelling", OUTER)
def test_an_address_of_the_public_internet_is_public_up_to_the_edges_of_the_closed_blocks(spelling):
    assert is_public(ipaddress.ip_address(spelling))


def test_whatever_python_calls_not_global_is_not_public_either():
    rest = [int(octet) for octet in (0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240, 255)]
    candidates = [ipaddress.IPv4Address(f"{a}.{b}.{c}.9") for a in rest for b in range(256) for c in (0, 2, 113)]
    assert [str(a) for a in candidates if not a.is_global and is_public(a)] == []


def test_a_listed_door_opens_for_its_port_only():
    allowed = Exceptions.read(["127.0.0.1:8000"])
    loopback = ipaddress.ip_address("127.0.0.1")
    assert allowed.admit("127.0.0.1", loopback, 8000)
    assert allowed.admit("localhost", loopback, 8000), "another name of the same address"
    assert not allowed.admit("127.0.0.1", loopback, 5432)


def test_a_listed_name_opens_whatever_address_it_has():
    allowed = Exceptions.read(["Prometheus.Internal:9090"])
    assert allowed.admit("prometheus.internal.", ipaddress.ip_address("10.1.2.3"), 9090)
    assert not allowed.admit("other.internal", ipaddress.ip_address("10.1.2.3"), 9090)


def test_a_listed_network_opens_every_port_inside_and_none_outside():
    allowed = Exceptions.read(["10.20.0.0/16", "fd00::/8"])
    assert allowed.admit("a", ipaddress.ip_address("10.20.255.1"), 1)
    assert allowed.admit("a", ipaddress.ip_address("fd00::1"), 443)
    assert not allowed.admit("a", ipaddress.ip_address("10.21.0.1"), 1)


def test_an_ipv6_door_is_written_in_brackets():
    assert Exceptions.read(["[::1]:9090"]).admit("localhost", ipaddress.ip_address("::1"), 9090)


@pytest.mark.parametrize(
    "entry", ["", "host", "host:", "host:0", "host:70000", "host:१", "10.0.0.1/8", ":80", "a b:80", "*:80"]
)
def test_an_exception_that_is_not_exact_is_refused(entry):
    with pytest.raises(ValueError):
        Exceptions.read([entry])
