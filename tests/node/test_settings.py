"""What an operator writes becomes settings, or one sentence that says where it went wrong."""

import re
from pathlib import Path

import pytest

from node.config_example import example
from node.config_text import SettingsError, load, parse
from node.settings import FederationMode, NodeSettings, Settings
from node.settings_values import Networks, Secret

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("/etc/noaber/node.toml")
LEAST = '[node]\ndomain = "example.org"\n'


def test_least_file_gives_defaults_for_everything_else() -> None:
    settings = parse(LEAST, FILE)

    assert settings.base_url == "https://example.org"
    assert settings.title == "example.org"
    assert settings.http.max_body_bytes == 1024 * 1024
    assert settings.federation.mode is FederationMode.OPEN
    assert settings.node.data_dir == Path("/etc/noaber/data")
    assert settings.database_url.reveal() == "sqlite:////etc/noaber/data/noaber.db"


def test_example_is_the_file_that_ships() -> None:
    assert example() == (ROOT / "node.example.toml").read_text("utf-8")


def test_example_as_it_stands_is_valid_and_says_the_defaults() -> None:
    assert parse(example(), FILE) == parse(LEAST, FILE)


def test_every_line_that_the_example_comments_out_can_be_switched_on() -> None:
    files = re.compile("^#[a-z]+_file.*$", re.MULTILINE)
    text = re.sub(r"^#([a-z_]+ = )", r"\1", files.sub("", example()), flags=re.MULTILINE)

    settings = parse(text, FILE)

    assert settings.node.web_host == "communities.example.org"
    assert settings.http == parse(LEAST, FILE).http
    assert settings.federation == parse(LEAST, FILE).federation


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            LEAST + "[http]\nporrt = 1\n",
            "/etc/noaber/node.toml line 4: unknown setting http.porrt; did you mean http.port?",
        ),
        (
            LEAST + "[http]\nmax_sockets = 1\n",
            "/etc/noaber/node.toml line 4: unknown setting http.max_sockets;"
            " did you mean federation.max_sockets?",
        ),
        (
            LEAST + "[federatoin]\nmode = 'open'\n",
            "/etc/noaber/node.toml line 3: unknown table or setting federatoin;"
            " did you mean federation?",
        ),
        (
            "domain = 'example.org'\n",
            "/etc/noaber/node.toml line 1: unknown table or setting domain;"
            " did you mean node.domain?",
        ),
        (
            LEAST + "zzz = 1\n",
            "/etc/noaber/node.toml line 3: unknown setting node.zzz",
        ),
        (
            LEAST + '[http]\n# the port\nport = "8008"\n',
            "/etc/noaber/node.toml line 5: http.port must be"
            ' a whole number from 0 to 65535, not "8008"',
        ),
        (
            LEAST + "http.port = 70000\n",
            "/etc/noaber/node.toml line 3: unknown setting node.http.port; did you mean http.port?",
        ),
        (
            "http.port = 70000\n" + LEAST,
            "/etc/noaber/node.toml line 1: http.port must be"
            " a whole number from 0 to 65535, not 70000",
        ),
        (
            LEAST + "[http]\nport = true\n",
            "/etc/noaber/node.toml line 4: http.port must be"
            " a whole number from 0 to 65535, not true",
        ),
        (
            LEAST + "[http]\nbody_seconds = 0\n",
            "/etc/noaber/node.toml line 4: http.body_seconds must be a number from 0.1, not 0",
        ),
        (
            LEAST + "[federation]\nenabled = 'yes'\n",
            '/etc/noaber/node.toml line 4: federation.enabled must be true or false, not "yes"',
        ),
        (
            LEAST + "[federation]\nmode = 'closed'\n",
            "/etc/noaber/node.toml line 4: federation.mode must be"
            ' one of "open", "allow-list", not "closed"',
        ),
        (
            LEAST + "languages = ['de']\n",
            "/etc/noaber/node.toml line 3: node.languages must be"
            ' a list of at least one, each item one of "en", "nl", not ["de"]',
        ),
        (
            LEAST + "languages = []\n",
            "/etc/noaber/node.toml line 3: node.languages must be"
            ' a list of at least one, each item one of "en", "nl", not []',
        ),
        (
            LEAST + "[federation]\nallow_networks = ['10.1.2.3/8']\n",
            "/etc/noaber/node.toml line 4: federation.allow_networks must be"
            ' a list of networks such as "10.0.0.0/8", not ["10.1.2.3/8"]',
        ),
        (
            LEAST + "[database]\nurl = 17\n",
            "/etc/noaber/node.toml line 4: database.url must be a text in quotes, not that",
        ),
        ("[node]\nname = 'x'\n", "/etc/noaber/node.toml line 1: node.domain is missing"),
        ("", "/etc/noaber/node.toml: node is missing"),
        (
            "[node.http.deep]\nport = 1\n",
            "/etc/noaber/node.toml line 2: unknown setting node.http.deep.port;"
            " did you mean http.port?",
        ),
        ("node = 3\n", "/etc/noaber/node.toml line 1: node must be a table: [node]"),
        (
            "[node]\ndomain = 'Example.org'\n",
            "/etc/noaber/node.toml line 2: node.domain must be"
            ' a host name in lower case such as "example.org", not "Example.org"',
        ),
        (
            LEAST + "web_host = 'https://example.org'\n",
            "/etc/noaber/node.toml line 3: node.web_host must be"
            ' a host name in lower case such as "example.org", not "https://example.org"',
        ),
        (
            LEAST + "[http]\npublic_scheme = 'http'\n",
            "/etc/noaber/node.toml line 4: http.public_scheme must be https,"
            " since example.org is not a local address",
        ),
        (
            LEAST + "[database]\nurl = 'sqlite:///a'\nurl_file = 'b'\n",
            "/etc/noaber/node.toml line 4: give database.url or database.url_file, not both",
        ),
        (
            LEAST + "[database]\nurl_file = 'nowhere/at/all'\n",
            "/etc/noaber/node.toml line 4: database.url_file cannot be read: nowhere/at/all",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_expected(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)

    assert str(caught.value) == sentence


def test_broken_toml_is_named_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"node\.toml is not valid TOML: .*line 2"):
        parse("[node]\ndomain = \n", FILE)


def test_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=r"node\.toml is not a UTF-8 text"):
        load(tmp_path / "node.toml")


def test_secret_comes_from_its_file_and_shows_nowhere(tmp_path: Path) -> None:
    (tmp_path / "database-url").write_text("postgresql://noaber:hunter2@db/noaber\n")
    (tmp_path / "node.toml").write_text(LEAST + "[database]\nurl_file = 'database-url'\n")

    settings = load(tmp_path / "node.toml")

    assert settings.database_url.reveal() == "postgresql://noaber:hunter2@db/noaber"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in f"{settings.database_url}"
    assert settings.database_url == Secret("postgresql://noaber:hunter2@db/noaber")


def test_a_trial_node_lives_on_an_address_with_a_port_and_plain_http() -> None:
    text = "[node]\ndomain = '127.0.0.1:8101'\n[http]\npublic_scheme = 'http'\n"

    settings = parse(text, FILE)

    assert settings.base_url == "http://127.0.0.1:8101"


def test_settings_are_made_in_code_as_well_as_from_a_file() -> None:
    settings = Settings(node=NodeSettings(domain="example.org", data_dir=Path("/etc/noaber/data")))

    assert settings == parse(LEAST, FILE)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("fe80::1%eth0", True),
        ("11.1.2.3", False),
        ("not an address", False),
        ("", False),
    ],
)
def test_networks_hold_the_addresses_inside_them(address: str, inside: bool) -> None:
    networks = Networks(["10.0.0.0/8", "fe80::/10"])

    assert (address in networks) is inside
