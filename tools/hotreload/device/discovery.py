"""Finds devices on the network by mDNS; needs python-zeroconf.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Set

from hotreload.description import Description
from hotreload.errors import NoBoard, ToolError
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.report import printable

if TYPE_CHECKING:
    import asyncio

    from hotreload.device.http_device import HttpDevice

SERVICE = "_hotreload._tcp.local."

_PATIENCE = 3.0  # seconds for the first that matches; the question is sent at once and after 1 s
_OTHERS = 0.4  # seconds after the first in which others answer the same question
_TICK = 0.02

_WITHOUT = (
    "which device? Say --url http://192.168.1.100:8080 or set HOTRELOAD_URL; the device prints its "
    "URL when the server starts. Without a network: --port /dev/ttyUSB0. Or let boards be found on "
    f"the network: {sys.executable} -m pip install zeroconf (on Debian: python3-zeroconf)"
)


class Found(NamedTuple):
    """A device that announces itself."""

    name: str
    url: str
    firmware: str
    project: str

    def describe(self) -> str:
        """For a list of devices."""
        return f"{self.url}  {self.project}, firmware {self.firmware[:12]}, {self.name}"


class Search:
    """Looks for the device with the firmware of a build, in the background.

    It takes a moment even if there is one, because another may match as well. A device that was
    used before, known by its `name`, is waited for: no other is as good, whenever it answers. For
    all devices (`is_all`), each gets the whole time to answer. What takes long to import is
    imported in the background, too.
    """

    def __init__(
        self,
        description: Description,
        reader: FirmwareReader,
        name: Optional[str] = None,
        is_all: bool = False,
    ) -> None:
        if find_spec("zeroconf") is None:
            raise ToolError(_WITHOUT)
        self._description = description
        self._reader = reader
        self._name = name
        self._is_all = is_all
        self._identity = ""
        self._announced: Set[str] = set()
        self._found: Dict[str, Found] = {}
        self._error: Optional[ToolError] = None
        self._resolving: Set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> HttpDevice:
        """The device, when the search has ended; raises when there is none, or more than one."""
        self._join()
        matching = self._matching()
        if self._name is not None and not matching:
            raise NoBoard(f"the board {self._name} is not on the network")
        if len(matching) > 1:
            listed = "".join(f"\n  --url {one.describe()}" for one in matching)
            raise ToolError(
                f"{len(matching)} boards run the firmware of this build; say which one (reload and "
                f"watch take --all as well):{listed}"
            )
        return self._matching_devices()[0]

    def wait_all(self) -> List[HttpDevice]:
        """All devices, when the search has ended; raises when there is none."""
        self._join()
        return self._matching_devices()

    def _join(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _matching_devices(self) -> List[HttpDevice]:
        from hotreload.device.http_device import HttpDevice

        matching = sorted(self._matching())
        if not matching:
            found = list(self._found.values())
            raise NoBoard(_explain_none(found, self._description, self._identity))
        devices = []
        for known in matching:
            devices.append(HttpDevice(known.url))
            devices[-1].name = known.name
        return devices

    def _matching(self) -> List[Found]:
        """Those with the firmware of the build, and the name if one is known."""
        return [
            one
            for one in self._found.values()
            if one.firmware == self._identity and (self._name is None or one.name == self._name)
        ]

    def _run(self) -> None:
        import asyncio

        try:
            self._identity = self._reader.identity(self._description).hex()
        except ToolError as error:
            self._error = NoBoard(str(error))  # The firmware may be built yet.
            return
        try:
            asyncio.run(self._browse())
        except ImportError as error:
            self._error = ToolError(f"{_WITHOUT} ({error})")
        except OSError as error:
            self._error = NoBoard(
                f"cannot look for boards on the network ({error}): say where the board is, "
                "--url http://192.168.1.100:8080"
            )

    async def _browse(self) -> None:
        import asyncio

        from zeroconf import DNSQuestionType
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

        async with AsyncZeroconf() as network:
            # Multicast answers: a unicast one may reach another program on the same port.
            browser = AsyncServiceBrowser(
                network.zeroconf,
                SERVICE,
                handlers=[self._on_change],
                question_type=DNSQuestionType.QM,
            )
            begun = time.monotonic()
            matched: Optional[float] = None
            while not self._is_over(begun, matched):
                await asyncio.sleep(_TICK)
                if not self._matching():
                    matched = None  # Not yet, or withdrawn again.
                elif matched is None:
                    matched = time.monotonic()
            await browser.async_cancel()

    def _is_over(self, begun: float, matched: Optional[float]) -> bool:
        """Whether to wait no longer, for the first that matches or for others that do as well."""
        now = time.monotonic()
        if matched is None:
            return now > begun + _PATIENCE
        if self._is_all:
            return now > begun + _PATIENCE
        return self._name is not None or now > matched + _OTHERS

    def _on_change(self, zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        """Called by the browser."""
        import asyncio

        from zeroconf import ServiceStateChange

        if state_change is ServiceStateChange.Removed:
            self._announced.discard(name)
            self._found.pop(name, None)
            return
        self._announced.add(name)
        task = asyncio.ensure_future(self._resolve(zeroconf, name))
        self._resolving.add(task)
        task.add_done_callback(self._resolving.discard)

    async def _resolve(self, zeroconf: Any, name: str) -> None:
        """Asks for what the announcement left out, and notes the device.

        Only IPv4: the URL of an IPv6 address of the link would need the name of an interface.
        """
        from zeroconf import BadTypeInNameException, DNSQuestionType, IPVersion
        from zeroconf.asyncio import AsyncServiceInfo

        try:
            service = AsyncServiceInfo(SERVICE, name)
        except BadTypeInNameException:
            return  # That is not one of our devices.
        timeout = _PATIENCE * 1000
        await service.async_request(zeroconf, timeout, question_type=DNSQuestionType.QM)
        addresses = service.parsed_addresses(IPVersion.V4Only)
        if addresses and service.port and name in self._announced:
            url = f"http://{addresses[0]}:{service.port}"
            short = printable(name[: -len(SERVICE) - 1])
            firmware = _text(service, b"firmware")
            self._found[name] = Found(short, url, firmware, _text(service, b"project"))


def _text(service: Any, key: bytes) -> str:
    return printable((service.properties.get(key) or b"?").decode("utf-8", "replace"))


def _explain_none(found: Sequence[Found], description: Description, identity: str) -> str:
    """Why no device matches, with advice."""
    if found:
        listed = "".join(f"\n  {one.describe()}" for one in found)
        return (
            f"no board on the network runs the firmware of this build ({description.project}, "
            f"firmware {identity[:12]}); there are:{listed}\n"
            f"{description.whole_build}, or name one of them with --url"
        )
    return (
        f"no board was found on the network within {_PATIENCE:g} s: does one run, in this network, "
        "with the component mdns in its firmware, and has it called hotreload_server_start()? Or "
        "say where it is: --url http://192.168.1.100:8080, or HOTRELOAD_URL in the environment "
        "(the device prints its URL when the server starts), or, with CONFIG_HOTRELOAD_SERIAL=y in "
        "its firmware, --port /dev/ttyUSB0"
    )
