"""Which addresses and URLs of peers are connected to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import check_url, is_allowed, parse_networks
from federation.errors import FetchForbidden, Forbidden

LOOPBACK = parse_networks(["127.0.0.1/32", "fd00::/8"])

# Every way to write an IPv4 address into an IPv6 one: (prefix bits above, shift of the address).
EMBEDDINGS = {
    "mapped": lambda v4: (0xFFFF << 32) | v4,
    "compatible": lambda v4: v4,
    "nat64": lambda v4: (0x0064_FF9B << 96) | v4,
    "local nat64": lambda v4: (0x0064_FF9B_0001 << 80) | v4,
    "6to4": lambda v4: (0x2002 << 112) | (v4 << 80),
    "teredo server": lambda v4: (0x2001_0000 << 96) | (v4 << 64),
    "teredo client": lambda v4: (0x2001_0000 << 96) | (v4 ^ 0xFFFF_FFFF),
}


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
        *("198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1"),
        *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1"),
        *("100::1", "2001:db8::1", "2001::1", "2001:2::1", "2002::1", "3fff::1", "5f00::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("64:ff9b::a00:1", "4000::1", "::ffff:0:8.8.8.8"),
    ],
)
def test_address_that_is_not_global_unicast_is_refused(text: str) -> None:
    assert not is_allowed(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1"),
        *("172.15.255.255", "172.32.0.0", "192.0.1.1", "198.17.255.255", "223.255.255.255"),
        *("2606:4700::1111", "2a00:1450::1", "2001:4860::1"),
        *("::ffff:1.1.1.1", "64:ff9b::101:101"),
    ],
)
def test_global_address_is_allowed(text: str) -> None:
    assert is_allowed(ip_address(text))


@given(st.ip_addresses())
def test_no_address_is_allowed_that_python_knows_not_to_be_global(
    address: IPv4Address | IPv6Address,
) -> None:
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None

    if is_allowed(address):
        judged = inner or address
        assert judged.is_global
        assert not judged.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(sorted(EMBEDDINGS)))
def test_private_ipv4_stays_private_in_every_ipv6_spelling(address: IPv4Address, form: str) -> None:
    spelled = IPv6Address(EMBEDDINGS[form](int(address)))

    assert is_allowed(address) or not is_allowed(spelled)


@pytest.mark.parametrize("form", sorted(EMBEDDINGS))
def test_opened_ipv4_network_lets_in_no_ipv4_spelled_in_ipv6(form: str) -> None:
    spelled = IPv6Address(EMBEDDINGS[form](int(IPv4Address("127.0.0.1"))))

    assert is_allowed(ip_address("127.0.0.1"), LOOPBACK)
    assert not is_allowed(spelled, LOOPBACK)
    assert is_allowed(ip_address("fd00::1"), LOOPBACK)
    assert not is_allowed(ip_address("127.0.0.2"), LOOPBACK)


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706441/u",
        "https://0x7f000009/u",
        "https://0X7F.0.0.9/u",
        "https://127.9/u",
        "https://0177.0.0.011/u",
        "https://127.0.0.0x9/u",
        "https://127.0.0.9./u",
        "https://example.org./u",
        "https://①②⑦.⓪.⓪.⑨/u",
        "https://１２７.0.0.1/u",  # noqa: RUF001 - fullwidth digits
        "https://127。0。0。1/u",
        "https://ｅxample.org/u",  # noqa: RUF001 - a fullwidth letter
        "https://user:pw@example.org/u",
        "https://user@example.org/u",
        "https://127.0.0.1:8000@127.0.0.9/u",
        "https://@example.org/",
        "https://exa%6dple.org/",
        "https://example.org%2f@evil.example/",
        "https://example.org\\@evil.example/",
        "https://example .org/",
        "https://example.org/\r\nX: y",
        "https://example.org/\t",
        "https://a..b/",
        "https://.example.org/",
        "https://-a.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        "https://[::1/x",
        "https://[]@",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https:///x",
        "https:example.org",
        "//example.org/x",
        "example.org/x",
        "",
        "gopher://example.org/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "javascript:alert(1)",
        "http://example.org/",
        "https://example.org:22/",
        "https://example.org:25/",
        "https://example.org:0/",
        "https://example.org:6379/",
        "https://example.org:99999/",
        "https://example.org:-1/",
        f"https://example.org/{'a' * 2048}",
    ],
)
def test_doubtful_url_is_refused(url: str) -> None:
    with pytest.raises(FetchForbidden) as refused:
        check_url(url)

    assert refused.value.reason is Forbidden.URL


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.9/u",
        "https://0.0.0.0/u",
        "https://[::]/u",
        "https://[::ffff:127.0.0.9]/u",
        "https://[::ffff:7f00:9]/u",
        "https://[::127.0.0.9]/u",
        "https://[64:ff9b::7f00:9]/u",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_literal_of_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(FetchForbidden) as refused:
        check_url(url, allow_networks=LOOPBACK)

    assert refused.value.reason is Forbidden.ADDRESS


def test_plain_http_needs_an_opened_network() -> None:
    target = check_url("http://127.0.0.1:8101/u", allow_networks=LOOPBACK)

    assert target.is_plain
    with pytest.raises(FetchForbidden):
        check_url("http://127.0.0.1:8101/u")
    with pytest.raises(FetchForbidden):
        check_url("http://1.1.1.1/", allow_networks=LOOPBACK)


def test_fragment_is_not_sent() -> None:
    target = check_url("https://example.org/u/1?a=b#main-key")

    assert str(target) == "https://example.org/u/1?a=b"
    assert target.path == "/u/1?a=b"


@pytest.mark.parametrize(
    ("url", "origin", "authority", "path"),
    [
        ("https://Example.ORG", "https://example.org", "example.org", "/"),
        ("https://example.org:443/x", "https://example.org", "example.org", "/x"),
        ("https://example.org:8443/x", "https://example.org:8443", "example.org:8443", "/x"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example", None, "/%C3%BC"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example", None, "/"),
        ("https://[2606:4700::1]:8443/", "https://[2606:4700::1]:8443", None, "/"),
        ("https://1.1.1.1/@a?q=%7Eb", "https://1.1.1.1", "1.1.1.1", "/@a?q=~b"),
        ("https://a_b.example/", "https://a_b.example", None, "/"),
    ],
)
def test_target_is_what_goes_over_the_wire(
    url: str, origin: str, authority: str | None, path: str
) -> None:
    target = check_url(url)

    assert target.origin == origin
    assert target.authority == (authority or origin.removeprefix("https://"))
    assert target.path == path


@given(st.text(max_size=60), st.sampled_from(["https://", "http://", ""]))
def test_any_text_is_a_target_or_forbidden(text: str, scheme: str) -> None:
    try:
        target = check_url(scheme + text, allow_networks=LOOPBACK)
    except FetchForbidden:
        return

    assert str(target).isascii()
    assert str(target).isprintable()
    assert target.host
    assert check_url(str(target), allow_networks=LOOPBACK) == target
