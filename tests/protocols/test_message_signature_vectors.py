"""RFC 9421: the vectors of the RFC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from protocols import message_signatures
from protocols.errors import SignatureRefused
from protocols.key_formats import load_private_pem, parse_public_pem
from protocols.message_signatures import RequestParts
from tests.support import spec_keys

RSA_PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)
ED_PUBLIC = parse_public_pem(spec_keys.RFC9421_ED25519_PUBLIC)
ED_PRIVATE = load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True)

# Appendix B.2: the message that all of its requests are made from.
TEST_REQUEST = RequestParts(
    method="POST",
    target="/foo?param=Value&Pet=dog",
    headers={
        "host": "example.com",
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-digest": (
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVL"
            "vRwEmTHWXvJwew==:"
        ),
        "content-length": "18",
    },
    body=b'{"hello": "world"}',
)
CREATED = datetime.fromtimestamp(1618884473, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    signature_input: str
    signature: str
    base: str


VECTORS = {
    "B.2.1": Vector(
        signature_input=(
            'sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'
        ),
        signature=(
            "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31I"
            "q786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSj"
            "a8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HE"
            "LjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EP"
            "YTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:"
        ),
        base=(
            '"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2p'
            'p5k7z-50gnwp.yemd"'
        ),
    ),
    "B.2.2": Vector(
        signature_input=(
            'sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=161888'
            '4473;keyid="test-key-rsa-pss";tag="header-example"'
        ),
        signature=(
            "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJ"
            "jtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2Y"
            "yFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJc"
            "sIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiY"
            "Y8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"
        ),
        base=(
            '"@authority": example.com\n'
            '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBW'
            "nrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"
            '"@query-param";name="Pet": dog\n'
            '"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet");c'
            'reated=1618884473;keyid="test-key-rsa-pss";tag="header-example"'
        ),
    ),
    "B.2.3": Vector(
        signature_input=(
            'sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-'
            'digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"'
        ),
        signature=(
            "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rI"
            "RASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl"
            "+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKv"
            "frs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSR"
            "xpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:"
        ),
        base=(
            '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
            '"@method": POST\n'
            '"@path": /foo\n'
            '"@query": ?param=Value&Pet=dog\n'
            '"@authority": example.com\n'
            '"content-type": application/json\n'
            '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBW'
            "nrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n"
            '"content-length": 18\n'
            '"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-ty'
            'pe" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-ps'
            's"'
        ),
    ),
    "B.2.4": Vector(
        signature_input=(
            'sig-b24=("@status" "content-type" "content-digest" "content-length");created=161'
            '8884473;keyid="test-key-ecc-p256"'
        ),
        signature=(
            "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdl"
            "YUEkLIj+32oiasw==:"
        ),
        base=(
            '"@status": 200\n'
            '"content-type": application/json\n'
            '"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp2'
            "9l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n"
            '"content-length": 23\n'
            '"@signature-params": ("@status" "content-type" "content-digest" "content-length"'
            ');created=1618884473;keyid="test-key-ecc-p256"'
        ),
    ),
    "B.2.5": Vector(
        signature_input=(
            'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shar'
            'ed-secret"'
        ),
        signature=("sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
        base=(
            '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
            '"@authority": example.com\n'
            '"content-type": application/json\n'
            '"@signature-params": ("date" "@authority" "content-type");created=1618884473;key'
            'id="test-shared-secret"'
        ),
    ),
    "B.2.6": Vector(
        signature_input=(
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");'
            'created=1618884473;keyid="test-key-ed25519"'
        ),
        signature=(
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vu"
            "Qv5lIp5WPpBKRCw==:"
        ),
        base=(
            '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
            '"@method": POST\n'
            '"@path": /foo\n'
            '"@authority": example.com\n'
            '"content-type": application/json\n'
            '"content-length": 18\n'
            '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "cont'
            'ent-length");created=1618884473;keyid="test-key-ed25519"'
        ),
    ),
}


@pytest.mark.parametrize("name", ["B.2.1", "B.2.2", "B.2.3", "B.2.5", "B.2.6"])
def test_signature_base_of_every_request_in_the_rfc_is_rebuilt_byte_for_byte(name: str) -> None:
    """B.2.1 to B.2.3 are RSA-PSS and B.2.5 an HMAC, which we refuse; their bases we build."""
    vector = VECTORS[name]

    signature = message_signatures.parse(vector.signature_input, vector.signature)

    base = message_signatures.signature_base(signature, TEST_REQUEST, scheme="https")
    assert base == vector.base.encode()


def test_b_2_4_signs_a_response_and_is_unsupported() -> None:
    vector = VECTORS["B.2.4"]

    with pytest.raises(SignatureRefused, match="unsupported"):
        message_signatures.parse(vector.signature_input, vector.signature)


def test_b_2_6_verifies_with_ed25519_and_is_what_our_key_signs() -> None:
    vector = VECTORS["B.2.6"]
    signature = message_signatures.parse(vector.signature_input, vector.signature)

    message_signatures.verify(signature, TEST_REQUEST, ED_PUBLIC)

    assert message_signatures.sign_bytes(ED_PRIVATE, vector.base.encode()) == signature.signature


def test_section_4_3_verifies_with_rsa_and_covers_enough() -> None:
    request = RequestParts(
        method="POST",
        target="/foo?param=Value&Pet=dog",
        headers={
            **TEST_REQUEST.headers,
            "host": "origin.host.internal.example",
            "forwarded": "for=192.0.2.123;host=example.com;proto=https",
        },
        body=TEST_REQUEST.body,
    )
    signature = message_signatures.parse(
        'proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type"'
        ' "content-length" "forwarded");created=1618884480;keyid="test-key-rsa"'
        ';alg="rsa-v1_5-sha256";expires=1618884540',
        "proxy_sig=:S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHg"
        "xtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWA"
        "EObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3"
        "LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/"
        "g==:",
    )

    message_signatures.verify(signature, request, RSA_PUBLIC)
    with pytest.raises(SignatureRefused, match="coverage"):  # its query is not signed
        message_signatures.check_request(
            signature, request, now=CREATED + timedelta(seconds=10), body_required=True
        )
    without_query = RequestParts(
        method="POST", target="/foo", headers=request.headers, body=request.body
    )
    message_signatures.check_request(
        signature, without_query, now=CREATED + timedelta(seconds=10), body_required=True
    )


TRANSFORM = (
    'transform=("@method" "@path" "@authority" "accept");created=1618884473'
    ';keyid="test-key-ed25519"',
    "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pm"
    "j3NDA==:",
)


@pytest.mark.parametrize(
    ("method", "target", "host", "accept", "valid"),
    [
        ("GET", "/demo?name1=Value1&Name2=value2", "example.org", "application/json, */*", True),
        (
            "GET",
            "/demo?name1=Value1&Name2=v&param=added",
            "example.org",
            "application/json, */*",
            True,
        ),
        ("GET", "/demo", "EXAMPLE.org:443", "application/json, */*", True),
        ("POST", "/demo?name1=Value1&Name2=value2", "example.com", "application/json, */*", False),
        ("GET", "/demo?name1=Value1&Name2=value2", "example.org", "*/*, application/json", False),
        ("GET", "/demos", "example.org", "application/json, */*", False),
    ],
)
def test_b_4_only_harmless_transformations_keep_a_signature_valid(
    method: str, target: str, host: str, accept: str, valid: bool
) -> None:
    signature = message_signatures.parse(*TRANSFORM)
    request = RequestParts(
        method=method, target=target, headers={"host": host, "accept": accept}, body=b""
    )

    if valid:
        message_signatures.verify(signature, request, ED_PUBLIC)
    else:
        with pytest.raises(SignatureRefused, match="bad-signature"):
            message_signatures.verify(signature, request, ED_PUBLIC)


@pytest.mark.parametrize(
    ("component", "value"),
    [
        ('"@method"', "GET"),
        ('"@target-uri"', "https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman"),
        ('"@authority"', "www.example.com"),
        ('"@scheme"', "https"),
        ('"@request-target"', "/path?param=value&foo=bar&baz=bat%2Dman"),
        ('"@path"', "/path"),
        ('"@query"', "?param=value&foo=bar&baz=bat%2Dman"),
        ('"@query-param";name="baz"', "bat-man"),
        ('"x-spaces"', "inner  space"),
        ('"x-empty"', ""),
    ],
)
def test_components_of_section_2_are_derived(component: str, value: str) -> None:
    request = RequestParts(
        method="GET",
        target="/path?param=value&foo=bar&baz=bat%2Dman",
        headers={"host": "www.Example.com:443", "x-spaces": "  inner  space ", "x-empty": ""},
        body=b"",
    )
    signature = message_signatures.parse(f's=({component});keyid="k"', "s=:eA==:")

    base = message_signatures.signature_base(signature, request, scheme="https").decode()

    assert base == f'{component}: {value}\n"@signature-params": ({component});keyid="k"'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("fa%C3%A7ade%22%3A%20", "something"),
        ("qux", ""),
    ],
)
def test_query_parameters_of_section_2_2_8_are_encoded_again(name: str, value: str) -> None:
    request = RequestParts(
        method="GET",
        target=(
            "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace"
            "&fa%C3%A7ade%22%3A%20=something&qux=&twice=1&twice=2"
        ),
        headers={},
        body=b"",
    )
    component = f'"@query-param";name="{name}"'
    signature = message_signatures.parse(f's=({component});keyid="k"', "s=:eA==:")

    base = message_signatures.signature_base(signature, request, scheme="https").decode()

    assert base.startswith(f"{component}: {value}\n")
