"""Refuses a module whose functions are called otherwise than the firmware calls them.

A whole build notes the interface of the exports (abi.json): then firmware and module have seen the
same headers. A reload builds the module alone, and compares.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import Dict, Iterable, List

from hotreload.checks.debug_types import Interface, Text, read_interface
from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import open_text, write_if_changed


def note_interface(description: Description, exports: Iterable[str]) -> None:
    """Writes abi.json after a whole build."""
    interface = read_interface(description.module_elf, exports)
    content = json.dumps({"functions": interface.functions, "layouts": interface.layouts}, indent=1)
    write_if_changed(_path(description), content)


def check_interface(description: Description, exports: Iterable[str]) -> None:
    """Compares the module with abi.json; a build without debug data is not compared."""
    noted = _load(_path(description))
    present = read_interface(description.module_elf, exports)
    changes = _functions(noted, present) + _layouts(noted, present)
    if changes:
        changes.append(
            "The firmware was built with the old one, so a call would go wrong. To use the new "
            f"one, {description.whole_build}"
        )
        raise ToolError("\n".join(changes))


def _path(description: Description) -> str:
    return os.path.join(os.path.dirname(description.module_elf), "abi.json")


def _load(path: str) -> Interface:
    if not os.path.exists(path):
        return Interface({}, {})
    with open_text(path) as file:
        content = json.load(file)
    return Interface(
        {name: Text(*text) for name, text in content["functions"].items()},
        {name: [Text(*line) for line in lines] for name, lines in content["layouts"].items()},
    )


def _functions(noted: Interface, present: Interface) -> List[str]:
    changes = []
    for name, old in noted.functions.items():
        new = present.functions.get(name)
        if new is not None and new.machine != old.machine:
            changes.append(f"{name}() has changed since the firmware was built:")
            changes += [f"  old: {old.source}", f"  new: {new.source}"]
    return changes


def _layouts(noted: Interface, present: Interface) -> List[str]:
    changes = []
    for name, old in noted.layouts.items():
        new = present.layouts.get(name)
        if new is not None and [t.machine for t in new] != [t.machine for t in old]:
            changes.append(f"The layout of {name} has changed since the firmware was built:")
            changes += _difference(old, new)
    return changes


def _difference(old: List[Text], new: List[Text]) -> List[str]:
    """Only the lines that are not in both."""
    kept = {text.machine for text in old} & {text.machine for text in new}
    lines: Dict[str, List[Text]] = {"old": old, "new": new}
    return [
        f"  {which}: {text.source}"
        for which, texts in lines.items()
        for text in texts
        if text.machine not in kept
    ]
