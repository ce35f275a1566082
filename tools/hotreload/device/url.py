"""The URL of a device, wherever it comes from.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Optional
from urllib.parse import quote, urlsplit

from hotreload.errors import ToolError

_EXAMPLE = "it must be like http://192.168.1.100:8080"
_HOST = re.compile(r"[A-Za-z0-9._-]+")


class Url(NamedTuple):
    """The parts of a URL, as they are sent; `text` is the whole, for messages."""

    text: str
    host: str
    port: int
    path: str


def parse_url(text: str, source: str = "") -> Url:
    """Reads a URL; `http://` may be left out. `source` says where it comes from, for the error."""
    try:
        return _parse(text.strip())
    except ValueError as error:
        where = f" ({source})" if source else ""
        raise ToolError(f"the URL {text!r}{where} is malformed: {error}; {_EXAMPLE}") from error


def _parse(text: str) -> Url:
    """Raises ValueError, as urlsplit() does."""
    text = text if "://" in text else f"http://{text}"
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("there is a blank in it")
    parts = urlsplit(text)
    if parts.scheme != "http":
        raise ValueError(f"the device speaks http, not {parts.scheme}")
    if "@" in parts.netloc:
        raise ValueError("the device knows no user and no password")
    if parts.query or parts.fragment:
        raise ValueError("nothing may follow the path")
    if parts.port == 0 or parts.netloc.endswith(":"):
        raise ValueError("there is no such port")
    path = quote(parts.path.rstrip("/"), safe="/%!$&'()*+,;=:@~", errors="surrogateescape")
    return Url(text.rstrip("/"), _host(parts.netloc, parts.hostname), parts.port or 80, path)


def _host(netloc: str, name: Optional[str]) -> str:
    """The host as it is looked up."""
    if not name:
        raise ValueError("there is no host in it")
    if netloc.startswith("["):
        address, _, zone = name.partition("%")
        ipaddress.IPv6Address(address)
        return f"{address}%{zone[2:] if zone.startswith('25') else zone}" if zone else address
    try:
        host = name.encode("idna").decode("ascii")
    except UnicodeError as error:
        reason = "a part of the host's name is empty, too long, or of characters that no name has"
        raise ValueError(reason) from error
    if not _HOST.fullmatch(host):
        raise ValueError("its host has characters that no name has")
    return host
