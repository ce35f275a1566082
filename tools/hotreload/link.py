"""Links the module: every reloadable object, the compiler's library, the firmware's addresses."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Dict, List

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.exports import read_exports
from hotreload.files import make_directory, write_if_changed
from hotreload.firmware import Firmware, FirmwareSymbol
from hotreload.linker_script import format_script
from hotreload.objects import Objects
from hotreload.thread_local import make_object

_UNDEFINED = re.compile(r"^(.*?): (?:more )?undefined references? to `([^']+)'")
_FUNCTION = re.compile(r"^.*?: (.+): in function `([^']+)':")


def link_module(description: Description, objects: Objects, firmware: Firmware) -> None:
    """Writes module.elf; the linker's other complaints go to the terminal as they are."""
    _check_objects(description, objects)
    imports = _resolve(description, objects, firmware)
    thread_local = {
        name: firmware.thread_local[name]
        for name in [*objects.imports, *objects.weak_imports]
        if name in firmware.thread_local
    }
    make_directory(os.path.dirname(description.module_elf))
    output = _run_linker(description, imports, thread_local, firmware)
    missing = _undefined(output)
    late = {n: firmware.symbols[n].value for n in missing if n in firmware.symbols}
    if late:
        # Members of the compiler's library need these; only the linker knows which it takes.
        output = _run_linker(description, {**imports, **late}, thread_local, firmware)
        missing = _undefined(output)
    if missing:
        raise ToolError(_explain_missing(missing, objects, description))
    if output:
        raise ToolError(_explain_failure(output))


def overridden(exports: Dict[str, bool], firmware: Firmware) -> List[str]:
    """Weak exports that the firmware defines itself: there, and so here, its definition counts."""
    return [
        name
        for name, weak in exports.items()
        if weak and name in firmware.symbols and not firmware.symbols[name].weak
    ]


def _check_objects(description: Description, objects: Objects) -> None:
    for name, path in objects.thread_local.items():
        raise ToolError(
            f"{path}: '{name}' is a thread-local variable, which a module cannot define: every "
            "task's block has the firmware's layout; make it static, or define it in the firmware"
        )
    for name in read_exports(description.exports):
        if name not in objects.functions:
            raise ToolError(
                f"{name}() was removed since the firmware was built, but the firmware may call "
                f"it: put it back, or build '{description.firmware_target}' again and flash it"
            )


def _resolve(description: Description, objects: Objects, firmware: Firmware) -> Dict[str, int]:
    """Addresses in the firmware of everything that the objects need."""
    needed = [*objects.imports, *objects.weak_imports]
    needed += overridden(read_exports(description.exports), firmware)
    return {name: firmware.symbols[name].value for name in needed if name in firmware.symbols}


def _run_linker(
    description: Description,
    imports: Dict[str, int],
    thread_local: Dict[str, FirmwareSymbol],
    firmware: Firmware,
) -> str:
    """Runs ld once; returns what it said, or an empty string when it succeeded."""
    script = os.path.join(os.path.dirname(description.module_elf), "module.ld")
    write_if_changed(
        script,
        format_script(
            firmware.text_address,
            imports,
            description.libraries,
            description.text_readable,
            bool(thread_local),
        ),
    )
    objects = list(description.objects)
    if thread_local:
        objects.append(make_object(description, thread_local, firmware.thread_local_alignment))
    command = [description.linker, *description.linker_flags, "--emit-relocs", "-nostdlib"]
    command += ["-z", "max-page-size=4", "-T", script, "-o", description.module_elf, *objects]
    command += ["--start-group", *description.libraries, "--end-group"]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        result = subprocess.run(
            command, env=environment, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ToolError(f"cannot run the linker {description.linker}: {error.strerror}") from error
    return result.stderr if result.returncode != 0 else ""


def _undefined(output: str) -> Dict[str, str]:
    """Undefined names and where ld met each first."""
    missing: Dict[str, str] = {}
    function = ""
    for line in output.splitlines():
        match = _FUNCTION.match(line)
        if match:
            function = f"{match.group(2)}() of {match.group(1)}"
        match = _UNDEFINED.match(line)
        if match:
            place = match.group(1).rpartition(": ")[2]
            missing.setdefault(match.group(2), f"{function}, {place}" if function else place)
    return missing


def _explain_missing(missing: Dict[str, str], objects: Objects, description: Description) -> str:
    lines = []
    for name, place in missing.items():
        needed_by = objects.imports.get(name, "the compiler's library")
        lines.append(f"the firmware does not contain '{name}', needed by {needed_by} (in {place})")
    lines.append(
        "To add it, call it from the firmware, or add the component that defines it to the "
        f"component's REQUIRES; then build '{description.firmware_target}' again and flash it."
    )
    return "\n".join(lines)


def _explain_failure(output: str) -> str:
    text = f"the module cannot be linked; the linker says:\n{output.rstrip()}"
    if "l32r" in output:
        text += (
            "\nAn l32r instruction reaches 256 KB back: make the reloadable components smaller, or "
            "compile them with -mtext-section-literals"
        )
    return text
