"""The command `decode`: addresses in a log become functions, files and lines of the module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, Optional

from hotreload.commands.placed import LinkedFile, Placement
from hotreload.description import Description
from hotreload.device.messages import spell_out
from hotreload.module.layout import Range

# What src/hotreload.c says when it has loaded a module.
_LOADED = re.compile(
    r"module loaded: (\d+) bytes of text at (0x[0-9a-f]+), (\d+) bytes of data at (0x[0-9a-f]+)"
)
# What src/run/program.c says when it has changed some of its functions.
_PATCHED = re.compile(_LOADED.pattern.replace("module loaded:", r"patched: \d+ functions,"))
# What hotreload_describe_address() prints for running code; it may come before the line above.
_IN_CODE = re.compile(r"\b0x([0-9a-fA-F]{8}): offset 0x([0-9a-f]+) of the code of (\w+) [^,]*$")
_ADDRESS = re.compile(r"\b0x([0-9a-fA-F]{8})\b")


class Decoder:
    """Follows a log: knows where the module runs, and where older ones did."""

    def __init__(self, description: Description, placement: Optional[Placement]) -> None:
        self.placement = placement
        self._description = description
        self._old: List[Placement] = []
        self._module: Optional[LinkedFile] = None
        self._patch: Optional[LinkedFile] = None

    def decode(self, line: str) -> Iterator[str]:
        """Explanations of the addresses and numbers in a line; most lines have none."""
        spelt = spell_out(line)
        if spelt != line:
            yield f"--- {spelt.strip()}"
        loaded = _LOADED.search(line)
        if loaded:
            self._move(*(int(number, 0) for number in loaded.groups()))
            return
        patched = _PATCHED.search(line)
        if patched:
            self._place_patch(*(int(number, 0) for number in patched.groups()))
            return
        in_code = _IN_CODE.search(line.rstrip())
        if in_code:
            address, offset = (int(number, 16) for number in in_code.groups()[:2])
            # A return address is behind the call, where another source line may begin.
            instruction = address - 1 if "called from" in line and offset > 0 else address
            text = self._code(address - offset, instruction, in_code.group(3) == "patch")
            yield f"--- 0x{in_code.group(1)}: {text}"
            return
        seen: List[int] = []
        for match in _ADDRESS.finditer(line):
            address = int(match.group(1), 16)
            text = None if address in seen else self._describe(address)
            seen.append(address)
            if text:
                yield f"--- {match.group(0)}: {text}"

    def _move(self, text_size: int, text: int, data_size: int, data: int) -> None:
        placement = Placement(Range(text, text_size), Range(data, data_size))
        if self.placement is not None and self.placement != placement:
            self._old.append(self.placement)
        self.placement = placement
        self._module = None  # Most likely the file has changed as well.

    def _place_patch(self, text_size: int, text: int, data_size: int, data: int) -> None:
        if self.placement is not None:
            patch = (Range(text, text_size), Range(data, data_size))
            self.placement, self._patch = self.placement._replace(patch=patch), None

    def _code(self, start: int, address: int, is_patch: bool) -> Optional[str]:
        """What runs at an address, in the text that begins at `start`."""
        if is_patch:
            patch = self._linked_patch()
            return patch.describe(patch.text_at(start), address)
        if self.placement is None or self.placement.text.address != start:
            self.placement = self.linked().text_at(start)
        return self.linked().describe(self.placement, address)

    def _linked_patch(self) -> LinkedFile:
        if self._patch is None:
            self._patch = LinkedFile(self._description, is_patch=True)
        return self._patch

    def _describe(self, address: int) -> Optional[str]:
        now = self.placement
        if now is not None and now.patch is not None:
            if any(part.holds(address) for part in now.patch):
                return self._linked_patch().describe(Placement(*now.patch), address)
        if now is not None and (now.text.holds(address) or now.data.holds(address)):
            return self.linked().describe(now, address)
        for old in self._old:
            if old.text.holds(address):
                return "in code that a reload has freed"
            if old.data.holds(address):
                return "in data that a reload has freed"
        return None

    def linked(self) -> LinkedFile:
        """The module of the last build."""
        if self._module is None:
            self._module = LinkedFile(self._description)
        return self._module


def decode_lines(lines: Iterable[str], decoder: Decoder) -> Iterator[str]:
    """Each line, followed by the explanations of its addresses."""
    for line in lines:
        yield line.rstrip("\n")
        yield from decoder.decode(line)
