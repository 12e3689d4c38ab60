"""What stands around a node on a server: DNS records, and the texts for Caddy and nginx.

The files in deploy/ are these texts for the names of an example; a test compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

EXAMPLE_DOMAIN = "example.org"
EXAMPLE_WEB_HOST = "communities.example.org"
DEFAULT_PORT = 8008
DELEGATED = ("webfinger", "nodeinfo", "host-meta")
"""What peers ask the domain for, when the pages live at another host."""

_CADDY = """\
# Caddy in front of a noaber node; it gets and renews the certificate by itself.
{note}
{web_host} {{
	encode zstd gzip
	header Strict-Transport-Security "max-age=31536000"
	# Uploads of apps may be as large as [media] of the settings lets them be.
	@uploads path_regexp ^/api/v[12]/(media|profile|accounts/update_credentials)
	request_body @uploads {{
		max_size 100MiB
	}}
	@others not path_regexp ^/api/v[12]/(media|profile|accounts/update_credentials)
	request_body @others {{
		max_size 1MiB
	}}
	reverse_proxy 127.0.0.1:{port} {{
		# Shorter than http.keep_alive_seconds of the node, so that no request meets a closing door.
		transport http {{
			keepalive 20s
		}}
	}}
}}
"""
_CADDY_DOMAIN = """
# Only when handles end in another domain than the one of the pages: peers ask there first.
{domain} {{
{redirects}
}}
"""
_NGINX = """\
# nginx in front of a noaber node: put this in /etc/nginx/sites-available/noaber (it belongs inside
# the http block). {note}

map $http_upgrade $noaber_connection {{
    default upgrade;
    "" "";
}}

upstream noaber {{
    server 127.0.0.1:{port};
    keepalive 32;
    # Shorter than http.keep_alive_seconds of the node, so that no request meets a closing door.
    keepalive_timeout 20s;
}}

server {{
    listen 80;
    listen [::]:80;
    server_name {web_host};
    return 301 https://$host$request_uri;
}}

server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name {web_host};

    ssl_certificate     /etc/letsencrypt/live/{web_host}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/{web_host}/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;

    add_header Strict-Transport-Security "max-age=31536000" always;

    client_max_body_size 1m;
    client_header_timeout 20s;
    client_body_timeout 15s;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    # Signatures cover the host that the peer wrote: pass it on as it came.
    proxy_set_header Host $http_host;
    # What the client says of itself is replaced, not continued.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_read_timeout 60s;

    location / {{
        proxy_pass http://noaber;
    }}

    # Uploads of apps: as large as [media] of the settings lets them be, passed on as they come.
    location ~ ^/api/v[12]/(media|profile|accounts/update_credentials) {{
        proxy_pass http://noaber;
        client_max_body_size 100m;
        client_body_timeout 60s;
        proxy_request_buffering off;
    }}

    # Streams of apps, which stay open: over WebSocket, or as events.
    location /api/v1/streaming {{
        proxy_pass http://noaber;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $noaber_connection;
        proxy_buffering off;
        proxy_read_timeout 1h;
    }}
}}
"""
_NGINX_DOMAIN = """
# Only when handles end in another domain than the one of the pages: peers ask there first. These
# lines belong into the server block of {domain}:
{redirects}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Under which names a node is reached, and where it listens behind the proxy."""

    domain: str
    web_host: str
    port: int = DEFAULT_PORT
    is_example: bool = False

    @property
    def is_split(self) -> bool:
        """Whether handles end in another name than the one of the pages."""
        return self.domain != self.web_host


EXAMPLE = Place(domain=EXAMPLE_DOMAIN, web_host=EXAMPLE_WEB_HOST, is_example=True)


def dns_records(place: Place) -> Sequence[str]:
    """The records that the names need, one a line; the addresses are the reader's to put in."""
    names = dict.fromkeys((place.web_host, place.domain))
    lines = []
    for name in names:
        lines.append(f"{name}.  3600  IN  A     <the IPv4 address of this server>")
        lines.append(f"{name}.  3600  IN  AAAA  <its IPv6 address, if it has one>")
    if place.is_split:
        lines.append(f"({place.domain} may stay where it is, if that server passes on what the")
        lines.append(" texts below say)")
    return lines


def caddyfile(place: Place) -> str:
    """The text of a Caddyfile."""
    note = ""
    if place.is_example:
        note = (
            f"# Put your web_host for {EXAMPLE_WEB_HOST}, and your domain for {EXAMPLE_DOMAIN}"
            " if it differs.\n"
        )
    text = _CADDY.format(note=note, web_host=place.web_host, port=place.port)
    if place.is_split:
        redirects = "\n".join(
            f"\tredir /.well-known/{name} https://{place.web_host}{{uri}} 301" for name in DELEGATED
        )
        text += _CADDY_DOMAIN.format(domain=place.domain, redirects=redirects)
    return text


def nginx_conf(place: Place) -> str:
    """The text of an nginx site."""
    note = "The paths of the certificate are those of certbot."
    if place.is_example:
        note = f"Put your web_host for {EXAMPLE_WEB_HOST} and your certificate's paths."
    text = _NGINX.format(note=note, web_host=place.web_host, port=place.port)
    if place.is_split:
        redirects = "\n".join(
            f"#    location = /.well-known/{name} {{"
            f" return 301 https://{place.web_host}$request_uri; }}"
            for name in DELEGATED
        )
        text += _NGINX_DOMAIN.format(domain=place.domain, redirects=redirects)
    return text
