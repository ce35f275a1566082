"""The network cable of a chip in QEMU: Ethernet frames in UDP packets, for what QEMU's own network
does not carry.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import socket
import struct
import time
from typing import List

GROUP = "239.255.77.77"
LOOPBACK = "127.0.0.1"

_MDNS_GROUP = "224.0.0.251"
_MDNS_PORT = 5353
_MDNS_MAC = bytes.fromhex("01005e0000fb")
_OUR_MAC = bytes.fromhex("020000000099")
_OUR_ADDRESS = "10.0.2.99"
_HEADERS = 14 + 20 + 8


class Wire:
    """One end of the cable; the other is QEMU's, with `options`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((GROUP, 0))
        self.port = int(self._socket.getsockname()[1])
        membership = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._socket.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK)
        )
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)

    @property
    def options(self) -> List[str]:
        """What QEMU has to be told."""
        cable = f"socket,id=wire,mcast={GROUP}:{self.port},localaddr={LOOPBACK}"
        return ["-netdev", cable, "-netdev", "hubport,hubid=0,id=to_wire,netdev=wire"]

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send_mdns(self, message: bytes) -> None:
        """Sends a message to all that speak mDNS on the wire."""
        udp = struct.pack(">HHHH", _MDNS_PORT, _MDNS_PORT, 8 + len(message), 0) + message
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 255, socket.IPPROTO_UDP, 0)
        head += socket.inet_aton(_OUR_ADDRESS) + socket.inet_aton(_MDNS_GROUP)
        head = head[:10] + struct.pack(">H", _checksum(head)) + head[12:]
        frame = _MDNS_MAC + _OUR_MAC + b"\x08\x00" + head + udp
        self._socket.sendto(frame, (GROUP, self.port))

    def mdns_messages(self, seconds: float) -> List[bytes]:
        """What others send by mDNS within this time."""
        messages = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                frame = self._socket.recv(2048)
            except socket.timeout:
                break
            is_mdns = frame[:6] == _MDNS_MAC and frame[12:14] == b"\x08\x00"
            if is_mdns and frame[6:12] != _OUR_MAC:
                messages.append(frame[_HEADERS:])
        return messages


def _checksum(header: bytes) -> int:
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
