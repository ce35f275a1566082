"""Links the module: every reloadable object, the compiler's library, the firmware's addresses.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Dict, Iterable, List, NamedTuple, Set

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import make_directory, write_if_changed
from hotreload.firmware import Firmware
from hotreload.linker_script import format_script
from hotreload.objects import Objects
from hotreload.thread_local import make_object

_UNDEFINED = re.compile(r"(.*?)(:\(\S+\))?: (?:more )?undefined references? to `([^']+)'")
_LITERAL_IN_DATA = re.compile(r"dangerous relocation: l32r: .*: \(?\.(ro)?(data|bss)\b")
_FUNCTION = re.compile(r".+: in function `([^']+)':")


class Inputs(NamedTuple):
    """What a module is made of."""

    description: Description
    objects: Objects
    firmware: Firmware
    table: Dict[str, bool]
    """The exports that the firmware has stubs for; True for weak ones."""

    def overridden(self) -> List[str]:
        """Weak exports that the firmware defines, too: there, and so here, its one counts."""
        symbols = self.firmware.symbols
        weak = [name for name, is_weak in self.table.items() if is_weak and name in symbols]
        return [name for name in weak if not symbols[name].weak]


class _Missing(NamedTuple):
    """An undefined symbol and where the linker met it."""

    name: str
    place: str
    function: str


def link_module(inputs: Inputs) -> None:
    """Writes module.elf."""
    _check_objects(inputs)
    make_directory(os.path.dirname(inputs.description.module_elf))
    names = {*inputs.objects.imports, *inputs.objects.weak_imports, *inputs.overridden()}
    output = _run_linker(inputs, names)
    # Members of the compiler's library have imports of their own; only the linker knows which
    # members it takes.
    late = {missing.name for missing in _undefined(inputs, output)} & _known(inputs.firmware)
    if late:
        output = _run_linker(inputs, names | late)
    missing_names = _undefined(inputs, output)
    if missing_names:
        raise ToolError(_explain_missing(missing_names, inputs))
    if output:
        raise ToolError(_explain_failure(output))


def _known(firmware: Firmware) -> Set[str]:
    return {*firmware.symbols, *firmware.thread_local}


def _check_objects(inputs: Inputs) -> None:
    for name, path in inputs.objects.thread_local.items():
        raise ToolError(
            f"{path}: '{name}' is a thread-local variable, which a module cannot define: every "
            "task's block has the firmware's layout; make it global, or define it in the firmware"
        )
    for name in inputs.table:
        if name not in inputs.objects.functions:
            raise ToolError(
                f"{name}() was removed since the firmware was built, but the firmware may call it: "
                f"put it back, or build '{inputs.description.firmware_target}' again and flash it"
            )


def _run_linker(inputs: Inputs, names: Iterable[str]) -> str:
    """Runs ld with these imports; returns what it said, or an empty string when it succeeded."""
    description, firmware = inputs.description, inputs.firmware
    addresses = {n: firmware.symbols[n].value for n in names if n in firmware.symbols}
    thread_local = {n: firmware.thread_local[n] for n in names if n in firmware.thread_local}
    objects = list(description.objects)
    if thread_local:
        objects.append(make_object(description, thread_local, firmware.thread_local_alignment))
    script = os.path.join(os.path.dirname(description.module_elf), "module.ld")
    libraries = description.libraries if description.text_readable else []
    text = format_script(firmware.text_address, addresses, libraries, bool(thread_local))
    write_if_changed(script, text)
    command = [description.linker, *description.linker_flags, "--emit-relocs", "-nostdlib"]
    command += ["-z", "max-page-size=4", "-T", script, "-o", description.module_elf, *objects]
    command += ["--start-group", *description.libraries, "--end-group"]
    return _run(command)


def _run(command: List[str]) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        result = subprocess.run(
            command, env=environment, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ToolError(f"cannot run the linker {command[0]}: {error.strerror}") from error
    if result.returncode == 0:
        sys.stderr.write(result.stderr)
        return ""
    return result.stderr or f"nothing (exit code {result.returncode})"


def _undefined(inputs: Inputs, output: str) -> List[_Missing]:
    """Each undefined name once, at the first place that is inside a function if there is one."""
    found: Dict[str, _Missing] = {}
    function = ""
    prefix = inputs.description.linker + ": "
    for line in output.splitlines():
        line = line[len(prefix) :] if line.startswith(prefix) else line
        match = _FUNCTION.match(line)
        if match:
            function = match.group(1)
        match = _UNDEFINED.match(line)
        if match:
            place, offset, name = match.groups()
            if re.search(r":\d+$", place) is None:
                place += offset or ""
            if name not in found or not found[name].function:
                found[name] = _Missing(name, place, function)
    return list(found.values())


def _explain_missing(names: Iterable[_Missing], inputs: Inputs) -> str:
    lines = ["the module needs what the firmware does not contain:"]
    for name, place, function in names:
        needed_by = f"{function} needs" if function else "needs"
        source = inputs.objects.imports.get(name)
        origin = f"object {source}" if source else "member of the compiler's library"
        lines.append(f"{place}: {needed_by} '{name}' ({origin})")
    lines.append(
        "Is the name right? To add it to the firmware, call it there, or add the component that "
        "defines it to the component's REQUIRES; then build "
        f"'{inputs.description.firmware_target}' again and flash it."
    )
    return "\n".join(lines)


def _explain_failure(output: str) -> str:
    text = f"the module cannot be linked; the linker says:\n{output.rstrip()}"
    if _LITERAL_IN_DATA.search(output):
        text += (
            "\nAn l32r instruction can only reach literals in the text, which the data is far from: "
            "put this one there with .literal"
        )
    elif "l32r" in output:
        text += (
            "\nAn l32r instruction reaches literals at most 256 KB before it: make the reloadable "
            "components smaller, or compile them with -mtext-section-literals"
        )
    elif "call target out of range" in output:
        text += "\nCompile the reloadable components with -mlongcalls"
    return text
