"""The texts for DNS and proxies."""

from pathlib import Path

import pytest

from node.proxies import EXAMPLE, Place, caddyfile, dns_records, nginx_conf

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
OWN = Place(domain="bees.example", web_host="bees.example", port=9000)
SPLIT = Place(domain="bees.example", web_host="hive.bees.example")


@pytest.mark.parametrize(
    ("name", "text"), [("Caddyfile", caddyfile(EXAMPLE)), ("nginx.conf", nginx_conf(EXAMPLE))]
)
def test_the_files_in_deploy_are_these_texts(name: str, text: str) -> None:
    assert (DEPLOY / name).read_text("utf-8") == text


@pytest.mark.parametrize("text", [caddyfile(OWN), nginx_conf(OWN)])
def test_a_node_with_one_name_has_no_other_in_its_texts(text: str) -> None:
    assert "127.0.0.1:9000" in text
    assert "bees.example" in text
    assert "example.org" not in text
    assert ".well-known" not in text


@pytest.mark.parametrize("text", [caddyfile(SPLIT), nginx_conf(SPLIT)])
def test_the_domain_passes_on_what_peers_ask_it(text: str) -> None:
    for name in ("webfinger", "nodeinfo", "host-meta"):
        assert f"/.well-known/{name}" in text


def test_every_name_has_its_records() -> None:
    records = "\n".join(dns_records(SPLIT))

    assert "hive.bees.example.  3600  IN  A " in records
    assert "\nbees.example.  3600  IN  AAAA " in records
