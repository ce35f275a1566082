"""Links the module: every reloadable object, the compiler's library, the firmware's addresses.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Iterable, List, NamedTuple, Sequence, Set

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import make_directory, write_if_changed
from hotreload.mangled import demangle, plain
from hotreload.module.callbacks import Callbacks, assign_callbacks
from hotreload.module.exports import Exports, home_symbol, stub_symbol
from hotreload.module.fill import make_fill_object
from hotreload.module.firmware import Firmware
from hotreload.kept import KeptDefinition, find_kept
from hotreload.module.linker_script import COPIED_PREFIX, format_script
from hotreload.module.object_cache import ObjectCache
from hotreload.module.object_sections import code_alignment, code_size
from hotreload.module.objects import Objects, combine
from hotreload.module.own_symbols import Definition
from hotreload.module.resolve import Resolution, resolve_names
from hotreload.module.stubs import GONE
from hotreload.module.thread_local import make_thread_local_object
from hotreload.module.veneers import CodeFile, with_veneers

_LITERAL_IN_DATA = re.compile(r"dangerous relocation: l32r: .*: \(?\.(ro)?(data|bss)\b")
_KEEP_UNDEFINED = ("--unresolved-symbols=ignore-all",)


class ModuleInputs(NamedTuple):
    """What a module is made of."""

    description: Description
    objects: Objects
    firmware: Firmware
    exports: Exports
    """What the firmware was built with."""
    resolution: Resolution
    callbacks: Callbacks
    kept: List[KeptDefinition]
    code_alignment: int
    """The largest of a section of code."""
    files: ObjectCache
    """What is known of each object file."""

    @property
    def fill_count(self) -> int:
        """How many entries in the firmware the module fills in when it is loaded."""
        resolution, callbacks = self.resolution, self.callbacks
        slots = len(callbacks.used) + len(callbacks.unused) + len(resolution.inline_slots)
        return slots + len(resolution.tables()) + len(resolution.variables())

    def shared_names(self) -> List[str]:
        """What both the firmware and the module use, or may use."""
        shared = self.resolution
        functions = [*self.callable_names(), *shared.inline_slots, *self.exports.callbacks]
        return [*functions, *shared.housed, *shared.theirs]

    def callable_names(self) -> List[str]:
        """The exports that the firmware can call. It has no stub of the others, because the linker
        drops one that nothing refers to, unless a spare stub was handed out since."""
        pointed = {definition.symbol for definition in self.callbacks.without}
        pointed |= self.callbacks.had_spares
        symbols = self.firmware.symbols
        return [n for n in self.exports.table if stub_symbol(n) in symbols or n in pointed]


def make_inputs(
    description: Description, firmware: Firmware, exports: Exports, files: ObjectCache
) -> ModuleInputs:
    """Decides which definition of each name counts."""
    objects = combine((found.symbols for found in files.objects), exports.wraps)
    for name, path in objects.thread_local.items():
        raise ToolError(
            f"{path}: '{name}' is a thread-local variable, which a module cannot define: every "
            "task's block has the firmware's layout; make it global, or define it in the firmware"
        )
    make_directory(description.directory)
    resolution = resolve_names(description, objects, firmware, exports)
    pointed = [*objects.callbacks, *resolution.without_stub]
    callbacks = assign_callbacks(description, pointed, firmware, exports)
    kept, alignment = find_kept(description, files, exports.wraps), code_alignment(files)
    return ModuleInputs(
        description, objects, firmware, exports, resolution, callbacks, kept, alignment, files
    )  # fmt: skip


def map_path(description: Description) -> str:
    """Where the linker says what it put where."""
    return description.module_elf + ".map"


def link_module(inputs: ModuleInputs) -> None:
    """Writes module.elf and its map."""
    names = {*inputs.objects.imports, *inputs.objects.weak_imports}
    output = _run_linker(inputs, names, ())
    if output:
        _complete(inputs, names, output)
    for definition in inputs.callbacks.without:
        name = plain(definition.symbol).qualified
        print(
            f"note: no stub is left for {name}(), whose address is taken: pointers to "
            f"it lead nowhere after the next reload. For one, {inputs.description.whole_build}",
            file=sys.stderr,
        )


def _complete(inputs: ModuleInputs, names: Set[str], output: str) -> None:
    """Adds what the linker reports as missing, until nothing is missing or nothing can be added.

    Members of libraries have imports of their own; only the linker knows which members of the
    compiler's it takes.
    """
    from hotreload.module.c_library import CLibrary
    from hotreload.module.missing import explain_undefined, find_undefined

    library = CLibrary(inputs.description, inputs.objects, inputs.firmware)
    while output:
        undefined = find_undefined(inputs.description.linker, output)
        known = set(undefined) & _known(inputs.firmware)
        more = library.copy(set(undefined) - known)
        if undefined and not more and known <= names:
            error = explain_undefined(undefined, inputs.description, inputs.objects, library)
            if not _is_unused(inputs, names - library.defines, library.paths):
                raise error
            _run_linker(inputs, names - library.defines, library.paths, _KEEP_UNDEFINED)
            missed = "Nothing calls the code that needs it, so it can be left out."
            text = demangle(inputs.description.compiler, str(error))
            print(f"note: {text}\n{missed}", file=sys.stderr)
            break
        if not undefined:
            raise ToolError(_explain_failure(output))
        names |= known | library.needs
        output = _run_linker(inputs, names - library.defines, library.paths)
    for line in library.notes():
        print(line, file=sys.stderr)


def _known(firmware: Firmware) -> Set[str]:
    return {*firmware.symbols, *firmware.thread_local}


def _is_unused(inputs: ModuleInputs, names: Iterable[str], copied: Iterable[str]) -> bool:
    """Whether only unused code needs what is undefined. A static link would drop that code, too:
    neither the firmware nor the rest of the module uses it."""
    symbols, exports = inputs.firmware.symbols, inputs.exports
    unused = {n for n in exports.functions if stub_symbol(n) not in symbols}
    unused |= {n for n in exports.homes if home_symbol(n) not in symbols}
    roots = sorted(inputs.objects.defined.keys() - unused)
    options = ["--gc-sections", *(f"--undefined={name}" for name in roots)]
    return _run_linker(inputs, names, copied, options) == ""


def _run_linker(
    inputs: ModuleInputs, names: Iterable[str], copied: Iterable[str], options: Sequence[str] = ()
) -> str:
    """Runs ld with these imports and object files of the C library.

    Returns what it said, or an empty string when it succeeded.
    """
    description, firmware, resolution = inputs.description, inputs.firmware, inputs.resolution
    addresses = {n: firmware.symbols[n].value for n in names if n in firmware.symbols}
    addresses.update(resolution.theirs)
    # A constant in code keeps its name: only the linker, which shortens code, knows where it is.
    housed = {n: h for n, h in resolution.housed.items() if not h.definition.is_in_code}
    addresses.update({name: variable.address for name, variable in housed.items()})
    thread_local = {n: firmware.thread_local[n] for n in names if n in firmware.thread_local}
    files = (CodeFile(file.path, code_size(file)) for file in inputs.files.objects)
    objects = [*with_veneers(description, files), *copied]
    if thread_local:
        alignment = firmware.thread_local_alignment
        objects.append(make_thread_local_object(description, thread_local, alignment))
    if inputs.fill_count:
        inline_count = len(resolution.inline_slots)
        gone = firmware.symbols[GONE].value if inline_count else 0
        sizes = [housed.definition.size for housed in resolution.variables()]
        objects.append(
            make_fill_object(description, inputs.fill_count, sizes, inline_count, gone)
        )
    script = os.path.join(description.directory, "module.ld")
    patterns = [f"*{os.path.basename(path)}:*" for path in description.libraries]
    near = [*patterns, f"*{COPIED_PREFIX}*.o"] if description.text_readable else []
    unused = [h.definition for h in resolution.housed.values() if _is_alone(h.definition)]
    # So that a jump has room at the start of each function; it would undo larger alignments.
    spaced = description.arch == "riscv" and inputs.code_alignment <= 4
    start = firmware.text_address
    kept = list(dict.fromkeys((one.path, one.section) for one in inputs.kept))
    text = format_script(start, addresses, near, bool(thread_local), unused, kept, spaced)
    write_if_changed(script, text)
    command = [description.linker, *description.linker_flags, *options]
    command += ["--emit-relocs", "-nostdlib"]
    command += [*inputs.exports.wraps.options(), "-Map", os.path.basename(map_path(description))]
    command += ["-z", "max-page-size=4", "-T", script, *objects]
    command += ["--start-group", *description.libraries, "--end-group"]
    return run_linker(command, description.module_elf)


def _is_alone(variable: Definition) -> bool:
    """A variable of zeros in a section of its own, which the module needs no room for."""
    return variable.is_zero and variable.section.endswith(f".{variable.symbol}")


def run_linker(command: List[str], path: str) -> str:
    """Has ld write a file, whole or not at all; returns what it said, or an empty string when it
    succeeded.

    It runs in the file's directory. Of the name of a map, ld replaces each '%'.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    linked = f"{path}.new"
    try:
        result = subprocess.run(
            [*command, "--no-demangle", "-o", linked],
            cwd=os.path.dirname(path),
            env=environment,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except OSError as error:
        raise ToolError(f"cannot run the linker {command[0]}: {error.strerror}") from error
    if result.returncode == 0:
        sys.stderr.write(result.stderr)
        try:
            os.replace(linked, path)
        except OSError as error:
            raise ToolError(f"cannot write {path}: {error.strerror}") from error
        return ""
    return result.stderr or f"nothing (exit code {result.returncode})"


def _explain_failure(output: str) -> str:
    text = f"the module cannot be linked; the linker says:\n{output.rstrip()}"
    if _LITERAL_IN_DATA.search(output):
        text += (
            "\nAn l32r instruction can only reach literals in the text, which the data is far "
            "from: put this one there with .literal"
        )
    elif "l32r" in output:
        text += (
            "\nAn l32r instruction reaches literals at most 256 KB before it: make the reloadable "
            "components smaller, or compile them with -mtext-section-literals"
        )
    elif "call target out of range" in output:
        text += "\nCompile the reloadable components with -mlongcalls"
    return text
