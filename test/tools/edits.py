"""A base, and what becomes of edits of its sources.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
from typing import Dict, List, Tuple, Union

from hotreload.description import load_description
from hotreload.module.exports import read_exports
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import ModuleInputs, link_module, make_inputs
from hotreload.module.object_cache import ObjectCache
from hotreload.module.pack import pack_module
from hotreload.patch.base import Base, load_base, remember_base
from hotreload.patch.make import Patch, Whole, make_patch
from project import Project

A = """\
extern int firmware_function(int);
extern const char *firmware_text(void);
typedef struct { int speed; short turns; } motor_t;
static motor_t motor = {1, 2};
static int count;
static const int table[4] = {1, 2, 3, 4};
int shared = 5;
static __attribute__((noinline)) int helper(int x) { return x * 3 + count; }
static __attribute__((noinline)) int other(int x) { return x * 5 - helper(x); }
int first(int x) { count++; motor.speed += x; return other(x) + table[x & 3]; }
int second(int x) { static int calls; calls += x; return calls + motor.turns; }
const char *name(int x) { return x ? "yes" : "no"; }
"""
B = """\
int first(int x); extern int shared;
int third(int x) { static int calls; calls -= x; return first(x) + calls + shared; }
"""
OTHER = "int third(int x) { return x; }\n"


class Edits:
    """A base, and edits of its sources."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._reader, self._cache = FirmwareReader(), ObjectCache()

    def build(self, **sources: str) -> "Edits":
        """Makes the base of a_c=..., b_c=..."""
        self._write(sources or {"a_c": A, "b_c": B})
        self.project.make()
        inputs = self.inputs()
        link_module(inputs)
        self.module = module = pack_module(inputs)
        remember_base(inputs, module)
        base = load_base(inputs.description, hashlib.sha256(module).hexdigest(),
                         inputs.exports.wraps)  # fmt: skip
        assert base is not None
        self.base: Base = base
        return self

    def _write(self, sources: Dict[str, str]) -> None:
        for name, text in sources.items():
            self.project.write(name.replace("_", "."), text)

    def inputs(self) -> ModuleInputs:
        description = load_description(str(self.project.build))
        self._cache.refresh(description)
        exports = read_exports(description.exports)
        return make_inputs(description, self._reader.read(description), exports, self._cache)

    def edit(self, **sources: str) -> Union[Patch, Whole]:
        self._write(sources)
        self.project.compile()
        self.project.describe()
        return make_patch(self.inputs(), self.base)

    def replace(self, old: str, new: str) -> Union[Patch, Whole]:
        """An edit of a.c."""
        assert old in A
        return self.edit(a_c=A.replace(old, new))

    def patch(self, old: str, new: str) -> Patch:
        result = self.replace(old, new)
        assert isinstance(result, Patch), result
        return result

    def whole(self, old: str, new: str) -> str:
        result = self.replace(old, new)
        assert isinstance(result, Whole), result
        return result.reason


def change(edits: Edits, old: str, new: str, options: str = "-Og", b: str = OTHER) -> "Patch | Whole":
    """What becomes of an edit of a.c."""
    edits.project.flags.extend(options.split())
    edits.build(a_c=old, b_c=b)
    return edits.edit(a_c=new)


def refused(edits: Edits, old: str, new: str, options: str = "-Og", b: str = OTHER) -> str:
    """Why an edit of a.c is no patch."""
    result = change(edits, old, new, options, b)
    assert isinstance(result, Whole), result
    return result.reason


def patched(edits: Edits, old: str, new: str, options: str = "-Og", b: str = OTHER) -> Patch:
    result = change(edits, old, new, options, b)
    assert isinstance(result, Patch), result
    return result


def notes(patch: Patch) -> Dict[int, bytes]:
    """The notes of a patch, by their types."""
    return notes_of(patch.content)


def part(module: bytes, number: int) -> bytes:
    """A part of a packed module: text, data, notes, relocations."""
    offset, _, _, size = struct.unpack_from("<4I", module, 52 + number * 32 + 4)
    return module[offset : offset + size]


def notes_of(module: bytes) -> Dict[int, bytes]:
    content, found = part(module, 2), {}
    while content:
        _, length, kind = struct.unpack_from("<III", content)
        found[kind] = content[16 : 16 + length]
        content = content[16 + (length + 3) // 4 * 4 :]
    return found


def jumps(patch: Patch) -> List[Tuple[int, ...]]:
    return list(struct.iter_unpack("<III", notes(patch).get(6, bytes(4))[4:]))


def kept(patch: Patch) -> List[int]:
    """Keys of the kept variables."""
    return [entry[0] for entry in kept_note(patch.content)] if 8 in notes(patch) else []


def kept_note(module: bytes) -> List[Tuple[int, ...]]:
    return list(struct.iter_unpack("<QII", notes_of(module)[8][4:]))


def symbols(edits: Edits, pattern: str) -> List[str]:
    """The symbols of the linked patch."""
    nm = edits.project.toolchain.linker[:-2] + "nm"
    text = subprocess.run([nm, str(edits.project.out / "patch.elf")], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout  # fmt: skip
    return re.findall(pattern, text)
