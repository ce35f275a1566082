"""The command `decode`: addresses in a log become functions, files and lines of the module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Callable, Iterable, Iterator, List, Match, Optional, Set, Tuple

from hotreload.commands.placed import LinkedFile, Placement, Placements
from hotreload.description import Description
from hotreload.device.messages import spell_out
from hotreload.errors import ToolError
from hotreload.module.layout import Range

ASSUMED = (
    "note: until a line of the log tells where a module was loaded, addresses count as those of "
    "the module that the device runs now"
)
# What src/run/program.c says when it has loaded a module.
_LOADED = re.compile(
    r"module loaded: (\d+) bytes of text at (0x[0-9a-f]+), (\d+) bytes of data at (0x[0-9a-f]+)"
)
# And when it has changed some of its functions.
_PATCHED = re.compile(_LOADED.pattern.replace("module loaded:", r"patched: \d+ functions,"))
# What hotreload_describe_address() prints for running code; it may come before the line above.
_IN_CODE = re.compile(r"\b0x([0-9a-fA-F]{8}): offset 0x([0-9a-f]+) of the code of (\w+) [^,]*$")
_ADDRESS = re.compile(r"\b0x([0-9a-fA-F]{8})\b")


class _Linked:
    """module.elf or patch.elf, of the last build, and where it runs."""

    def __init__(
        self, description: Description, is_patch: bool, placement: Optional[Placement]
    ) -> None:
        self._description, self._is_patch = description, is_patch
        self.place(placement)

    def place(self, placement: Optional[Placement]) -> None:
        """Something new runs: most likely the file has changed as well."""
        self.placement = self._told = placement
        self._file: Optional[LinkedFile] = None

    def place_text(self, address: int) -> None:
        """The same, when only the address of its text is known."""
        self.place(None)
        self.placement = self.file().text_at(address)

    def file(self) -> LinkedFile:
        """The file; an error if it is not the one that was placed."""
        if self._file is None or self._file.is_replaced():
            self._file = LinkedFile(self._description, self._is_patch)
            self._mismatch = self._told and self._file.mismatch(self._told)
        if self._mismatch:
            raise ToolError(
                f"the log is of another module than {self._file.path}: {self._mismatch}; reload, "
                "or name the build directory that the log is of"
            )
        return self._file

    def describe(self, address: int) -> Optional[str]:
        place = self.placement
        if place is None or not (place.text.holds(address) or place.data.holds(address)):
            return None
        return self.file().describe(place, address)


class Decoder:
    """Follows a log: knows where module and patch run, and where older ones did."""

    def __init__(self, description: Description, placements: Placements) -> None:
        self._module = _Linked(description, False, placements.module)
        self._patch = _Linked(description, True, placements.patch)
        self._old: List[Placement] = []
        self._told: Set[str] = set()

    @property
    def placements(self) -> Placements:
        """Where module and patch run, as far as the log told."""
        return Placements(self._module.placement, self._patch.placement)

    def placed(self) -> List[Tuple[LinkedFile, Placement]]:
        """What runs and has its file, module first."""
        found = []
        for linked in (self._module, self._patch):
            with suppress(ToolError):  # The first address in it says why.
                if linked.placement is not None:
                    found.append((linked.file(), linked.placement))
        return found

    def decode(self, line: str) -> Iterator[str]:
        """Explanations of the addresses and numbers in a line; most lines have none."""
        spelt = spell_out(line)
        if spelt != line:
            yield f"--- {spelt.strip()}"
        loaded, patched = _LOADED.search(line), _PATCHED.search(line)
        if loaded:
            self._move(self._patch, None)
            self._move(self._module, _placement(loaded))
            return
        if patched:
            self._move(self._patch, _placement(patched))
            return
        in_code = _IN_CODE.search(line.rstrip())
        if in_code:
            address, offset = (int(number, 16) for number in in_code.groups()[:2])
            # A return address is behind the call, where another source line may begin.
            instruction = address - 1 if "called from" in line and offset > 0 else address
            linked = self._patch if in_code.group(3) == "patch" else self._module
            text = self._try(self._describe_from, linked, address - offset, instruction)
            if text:
                yield f"--- 0x{in_code.group(1)}: {text}"
            return
        seen: List[int] = []
        for match in _ADDRESS.finditer(line):
            address = int(match.group(1), 16)
            text = None if address in seen else self._try(self._describe, address)
            seen.append(address)
            if text:
                yield f"--- {match.group(0)}: {text}"

    def _try(self, describe: Callable[..., Optional[str]], *arguments: Any) -> Optional[str]:
        """A description, or what prevents it: that is said once, and the log goes on."""
        try:
            return describe(*arguments)
        except ToolError as error:
            is_told = str(error) in self._told
            self._told.add(str(error))
            return None if is_told else str(error)

    def _move(self, linked: _Linked, placement: Optional[Placement]) -> None:
        if linked.placement is not None and linked.placement != placement:
            self._old.append(linked.placement)
        linked.place(placement)

    def _describe_from(self, linked: _Linked, start: int, address: int) -> Optional[str]:
        """What runs at an address, in the text that begins at `start`."""
        if linked.placement is None or linked.placement.text.address != start:
            linked.place_text(start)
        return linked.describe(address)

    def _describe(self, address: int) -> Optional[str]:
        text = self._patch.describe(address) or self._module.describe(address)
        if text is not None:
            return text
        for old in self._old:
            if old.text.holds(address):
                return "in code that a reload has freed"
            if old.data.holds(address):
                return "in data that a reload has freed"
        return None


def _placement(match: Match[str]) -> Placement:
    text_size, text, data_size, data = (int(number, 0) for number in match.groups())
    return Placement(Range(text, text_size), Range(data, data_size))


def decode_lines(lines: Iterable[str], decoder: Decoder) -> Iterator[str]:
    """Each line, followed by the explanations of its addresses."""
    for line in lines:
        yield line.rstrip("\n")
        yield from decoder.decode(line)
