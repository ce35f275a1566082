"""module.elf and patch.elf at the addresses where a device has loaded them.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import subprocess
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from hotreload.description import Description, find_program
from hotreload.errors import ToolError
from hotreload.files import find_stamp
from hotreload.module import elf
from hotreload.module.layout import (
    DATA_ADDRESS,
    PATCH_DATA_ADDRESS,
    Range,
    patch_path,
    patch_text_address,
    text_address,
)
from hotreload.module.linker_script import DATA_SECTIONS, TEXT_SECTIONS, is_among


class Placement(NamedTuple):
    """Where a module or a patch runs."""

    text: Range
    data: Range


class Placements(NamedTuple):
    """What runs; None: nothing, or its place is not known."""

    module: Optional[Placement] = None
    patch: Optional[Placement] = None


def read_placements(status: Dict[str, Any]) -> Placements:
    """From the answer to `GET /status`."""
    if not (status.get("loaded") and "text" in status and "data" in status):
        return Placements()
    patch = status.get("patch")
    return Placements(_placement(status), _placement(patch) if patch else None)


def _placement(status: Dict[str, Any]) -> Placement:
    text, data = [
        Range(int(status[name]["address"], 0), status[name]["size"])
        for name in ("text", "data")
    ]
    return Placement(text, data)


class LinkedFile:
    """module.elf or patch.elf, for looking up run addresses."""

    def __init__(self, description: Description, is_patch: bool = False) -> None:
        self.path = patch_path(description, "elf") if is_patch else description.module_elf
        self._stamp = find_stamp(self.path)
        self._file = elf.Elf(self.path, "the linked module", description.arch)
        firmware = elf.Elf(description.firmware_elf, "the firmware", description.arch)
        start = text_address(description.arch, firmware.entry)
        self._links = (start, DATA_ADDRESS)
        if is_patch:
            self._links = (patch_text_address(description.arch, start), PATCH_DATA_ADDRESS)
        self._symbols = self._file.symbols()
        self._addr2line = find_program("addr2line", description.compiler)

    def is_replaced(self) -> bool:
        """Whether a build has made another one since, which addr2line would read."""
        return find_stamp(self.path) != self._stamp

    def sections(self, placement: Placement) -> List[Tuple[str, int]]:
        """Each section that has bytes in RAM, and where it runs; the text is the first."""
        found = []
        for names, link, run in zip((TEXT_SECTIONS, DATA_SECTIONS), self._links, placement):
            for section in self._file.sections if run.size > 0 else []:
                if is_among(section.name, names) and section.allocated and section.size > 0:
                    found.append((section.name, section.address - link + run.address))
        return found

    def mismatch(self, placement: Placement) -> Optional[str]:
        """In what a placement does not fit this module; None: it fits."""
        for kind, link, run, names in zip(
            ("text", "data"), self._links, placement, (TEXT_SECTIONS, DATA_SECTIONS)
        ):
            size = self._size(names, link)
            if (size + 3) // 4 != (run.size + 3) // 4 and (size > 0 or run.size > 4):
                return f"{run.size} bytes of {kind} instead of {size}"
        return None

    def text_at(self, address: int) -> Placement:
        """Where the module runs when only the address of its text is known."""
        return Placement(Range(address, self._size(TEXT_SECTIONS, self._links[0])), Range(0, 0))

    def _size(self, names: Sequence[str], link: int) -> int:
        sections = [s for s in self._file.sections if is_among(s.name, names) and s.allocated]
        return max([s.address + s.size - link for s in sections if s.size > 0], default=0)

    def describe(self, placement: Placement, address: int) -> Optional[str]:
        """Describes a run address: function, file and line, or variable and offset."""
        if placement.text.holds(address):
            return self._code(address - placement.text.address + self._links[0])
        if placement.data.holds(address):
            return self._variable(address - placement.data.address + self._links[1])
        return None

    def _code(self, address: int) -> str:
        symbol = self._find(address, elf.STT_FUNC)
        if self._addr2line is None:
            return f"{symbol} (no addr2line beside the compiler: no file and line)"
        command = [self._addr2line, "-p", "-f", "-i", "-C", "-e", self.path, hex(address)]
        try:
            output = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                errors="surrogateescape",
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise ToolError(f"cannot run {self._addr2line}: {error}") from error
        text = " ".join(output.stdout.split())
        return symbol if text.startswith("??") else text

    def _variable(self, address: int) -> str:
        return self._find(address, elf.STT_OBJECT)

    def _find(self, address: int, kind: int) -> str:
        for symbol in self._symbols:
            if symbol.kind == kind and symbol.value <= address < symbol.value + symbol.size:
                return f"{symbol.name}+{address - symbol.value:#x}"
        return "no function or variable that is known"
