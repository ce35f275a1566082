"""Announces the emulated board by mDNS, to this machine only, because it cannot do so itself:
announce.py http://127.0.0.1:8080, until Ctrl+C.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import json
import socket
import sys
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

SERVICE = "_hotreload._tcp.local."
LOOPBACK = "127.0.0.1"


class Announcement:
    """What a chip with the mDNS component announces; used in `with`, withdrawn at its end."""

    def __init__(self, url: str, firmware: str, project: str, name: str,
                 address: bytes = socket.inet_aton(LOOPBACK)) -> None:
        from zeroconf import ServiceInfo, Zeroconf

        self._service = ServiceInfo(
            SERVICE, f"{name}.{SERVICE}", addresses=[address], port=urlsplit(url).port,
            properties={"firmware": firmware, "project": project}, server=f"{name}.local.")
        self._network = Zeroconf(interfaces=[LOOPBACK])
        self._network.register_service(self._service)

    def __enter__(self) -> "Announcement":
        return self

    def __exit__(self, *_: Any) -> None:
        self._network.close()


def announce_board(url: str, project: str) -> Announcement:
    """Announces the board at a URL, which says itself what firmware it runs."""
    with urllib.request.urlopen(url + "/status", timeout=10) as answer:
        firmware = json.load(answer)["firmware"]
    return Announcement(url, firmware, project, f"emulated-{urlsplit(url).port}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--project", default="emulated board")
    arguments = parser.parse_args()
    with announce_board(arguments.url, arguments.project):
        print("Announced; Ctrl+C ends", flush=True)
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
