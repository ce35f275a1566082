"""Builds a base, edits it, patches the base in a model of the device, and runs the result in QEMU
beside a static link of the edited sources.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple, Union

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
for _folder in ("tools", "scripts", "test/tools", "test/patches"):
    sys.path.insert(0, str(ROOT / _folder))

import edits  # noqa: E402
import project as projects  # noqa: E402
from graph import Comparison, Reference, read_old  # noqa: E402
from test_c_library import add_library  # noqa: E402
from image import Memory, Packed, Patched, Placed  # noqa: E402

from hotreload.description import load_description  # noqa: E402
from hotreload.module import elf  # noqa: E402
from hotreload.module.exports import read_exports  # noqa: E402
from hotreload.module.fill import ENTRY_SIZE, LIST  # noqa: E402
from hotreload.module.firmware_reader import FirmwareReader  # noqa: E402
from hotreload.module.link import ModuleInputs, link_module, make_inputs  # noqa: E402
from hotreload.module.object_cache import ObjectCache  # noqa: E402
from hotreload.module.pack import pack_module  # noqa: E402
from hotreload.patch.base import load_base, remember_base  # noqa: E402
from hotreload.patch.make import Patch, Whole, make_patch  # noqa: E402
from compilers import BASES, toolchain  # noqa: E402
from cross_toolchain import CORES  # noqa: E402


class Outcome(NamedTuple):
    """What became of an edit."""

    what: str
    result: Union[Patch, Whole]
    expected: str
    got: str
    moved: List[str]
    """Variables that are not where they were."""
    differences: List[str]
    """From the program that ld links."""
    compared: int
    """How many bytes were compared with that; 0 if the linker shortens the base."""

    @property
    def is_right(self) -> bool:
        same = self.expected == self.got and not self.moved and not self.differences
        return isinstance(self.result, Whole) or same


class Bench:
    """A base and its edits."""

    def __init__(self, folder: Path, arch: str, seed: int) -> None:
        self.rng = random.Random(f"{arch} {seed}")
        self.arch = arch
        self.project = projects.Project(folder, toolchain(arch))
        self.project.calls_exports = False
        self.is_relaxed = (seed + seed // len(BASES[arch])) % 4 == 1
        """Then the linker shortens the base, but no patch: only what they do is the same."""
        if not self.is_relaxed:
            self.project.toolchain.linker_flags.append("--no-relax")
        options = BASES[arch][seed % len(BASES[arch])]
        self.project.flags = [*options, "-std=gnu11", "-fwrapv", "-fno-ipa-ra",
                              "-fno-section-anchors"]
        self.project.fields["c_library"] = add_library(self.project, edits.LIBRARY)
        names = ("log", "call", "keep", "die", "counter")
        self.project.firmware_options = [f"-Wl,-u,firmware_{name}" for name in names]
        self.program = edits.Program(self.rng)
        self._reader, self._cache = FirmwareReader(), ObjectCache()
        self.write_sources()
        calls = " ".join(f"CALL({name})" for name in self.program.exports)
        board = ROOT / "port" / "emulator" / "arch" / arch / "syscall.h"
        source = (HERE / "firmware.c").read_text()
        self.project.firmware_source = (
            f"#define CALLS {calls}\ntypedef int intptr_t;\n"
            + board.read_text().replace("#include <stdint.h>", "")
            + source.replace('#include "syscall.h"\n', ""))
        self.base_bytes = self.project.make()
        inputs = self.inputs()
        with contextlib.redirect_stderr(io.StringIO()):
            link_module(inputs)
        assert pack_module(inputs) == self.base_bytes
        remember_base(inputs, self.base_bytes)
        self.base = load_base(inputs.description, hashlib.sha256(self.base_bytes).hexdigest(),
                              inputs.exports.wraps)
        assert self.base is not None
        self.old = read_old(self.base)
        self.variables = {v.name for file in self.program.files for v in file.variables
                          if v.kind not in edits.CONSTANTS}
        self.fill = fill_entries(inputs.description.module_elf)
        self.earlier: List[Packed] = []
        """Patches that the device has had: they are freed, but not what outlives them."""

    def write_sources(self) -> None:
        sources = self.program.render()
        for path in self.project.sources.iterdir():
            if path.name not in sources:
                path.unlink()
        for name, text in sources.items():
            path = self.project.sources / name
            if not path.exists() or path.read_text() != text:
                path.write_text(text)

    def compile(self) -> None:
        """By ninja; each file may have options of its own."""
        self.project.write_ninja()
        path = self.project.build / "build.ninja"
        text = path.read_text()
        flags = " ".join([*self.project.toolchain.flags, *self.project.flags])
        for file in self.program.files:
            rule = f"cc {self.project.sources / file.name}"
            if file.options:
                text = text.replace(rule, f"{rule}\n  flags = {flags} {file.options}")
        text = text.replace("{flags}", "$flags").replace(
            f" {flags} -MD", " $flags -MD").replace("rule cc", f"flags = {flags}\nrule cc", 1)
        path.write_text(text)
        projects.run(["ninja", "hotreload_objects"], cwd=str(self.project.build))

    def inputs(self) -> ModuleInputs:
        description = load_description(str(self.project.build))
        self._cache.refresh(description)
        return make_inputs(description, self._reader.read(description),
                           read_exports(description.exports), self._cache)

    def try_edit(self, what: str) -> Outcome:
        """After the program was edited: makes the patch, and compares."""
        inputs, result = self.make_patch()
        if isinstance(result, Whole):
            return Outcome(what, result, "", "", [], [], 0)
        patched = self.load_patched(result.content)
        differences, compared = ([], 0) if self.is_relaxed else self.compare(inputs, patched)
        expected, got = self.run_static(), self.run_patched(patched)
        return Outcome(what, result, expected, got, self.moved_variables(), differences,
                       compared)

    def make_patch(self) -> Tuple[ModuleInputs, Union[Patch, Whole]]:
        """Of the program as it is now."""
        self.write_sources()
        self.compile()
        self.project.describe()
        inputs = self.inputs()
        assert self.base is not None
        return inputs, make_patch(inputs, self.base)

    def compare(self, inputs: ModuleInputs, patched: Patched) -> Tuple[List[str], int]:
        """With the program that ld links of the edited sources: what differs, of how many bytes."""
        reference = Reference(inputs, self.project.out / "reference")
        found = Comparison(reference, patched, inputs, self.old).run()
        return found.differences, sum(size for _, size in found.compared)

    def moved_variables(self) -> List[str]:
        """Variables of the base that the patch does not have at their addresses in the base."""
        old = elf.Elf(str(self.project.out / "module.elf"), "the base").symbols()
        places = {s.name: s.value for s in old if s.name in self.variables}
        new = elf.Elf(str(self.project.out / "patch.elf"), "the patch").symbols()
        return [s.name for s in new if s.name in places and s.value != places[s.name]]

    # ---- running ----

    def run_static(self) -> str:
        project, chain = self.project, self.project.toolchain
        output = project.build / "static.elf"
        command = [chain.compiler, *chain.flags, "-O1", "-ffunction-sections", "-fno-builtin",
                   "-nostdlib", "-Wl,--no-warn-mismatch", "-Wl,--gc-sections",
                   f"-Wl,-T,{project.build / 'firmware.ld'}", str(project.build / "firmware.c"),
                   *project.objects(), project.fields["c_library"], "-lgcc", "-o", str(output)]
        projects.run(command)
        return self.run(output)

    def load_patched(self, patch: bytes) -> Patched:
        """Base and patch at random addresses."""
        memory = Memory()
        entry = memory.add_program(Path(self.project.firmware))
        packed, changes = Packed(self.base_bytes), Packed(patch)
        window = {"riscv": 0x40380000, "xtensa": 0x10380000}[self.arch]
        has_all = len(changes.veneers()) == len(changes.entries(6, "<III"))
        reach = 0x18000 if self.arch == "xtensa" and not has_all else 0x80000
        text, patch_text = sorted(self.rng.sample(range(window, window + reach, 0x4000), 2))
        if self.rng.random() < 0.5:
            text, patch_text = patch_text, text
        base = memory.load(packed, text + self.rng.randrange(0, 0x100, 16),
                           0x1FC90000 + self.rng.randrange(0, 0x100, 16))
        slots = self.commit(memory, base)
        for patch in self.earlier:
            memory.forget(memory.load(patch, window + reach, 0x1FCB0000, base))
        self.earlier.append(changes)
        new = memory.load(changes, patch_text + self.rng.randrange(0, 0x100, 16),
                          0x1FCA0000 + self.rng.randrange(0, 0x100, 16), base)
        memory.apply(new, base, slots)
        return Patched(memory, base, new, slots, entry)

    def run_patched(self, patched: Patched) -> str:
        path, packed = self.project.build / "patched.elf", patched.base.packed
        patched.memory.write_program(path, packed.machine, packed.flags, patched.entry)
        return self.run(path)

    def commit(self, memory: Memory, base: Placed) -> int:
        """The table of exports, and what the generated constructor does. Returns where the slots
        are."""
        firmware = elf.Elf(self.project.firmware, "the firmware")
        symbols = {s.name: s.value for s in firmware.symbols() if s.name}
        table = symbols["hotreload_firmware_table"]
        count, slots, names = (memory.word(table + 4 * n) for n in (0, 1, 3))
        exports = base.packed.exports()
        for index in range(count):
            name = b""
            while not name.endswith(b"\0"):
                name += memory.read(names + len(name), 1)
            names += len(name)
            memory.set_word(slots + 4 * index, base.run(exports[name[:-1].decode()]))
        if self.fill is not None:
            start, size = self.fill
            for place in range(base.run(start), base.run(start) + size, ENTRY_SIZE):
                to, source, length = (memory.word(place + 4 * n) for n in range(3))
                if length == 0:
                    memory.set_word(to, source)
                else:
                    memory.write(to, memory.read(source, length) if source else bytes(length))
        return slots

    def run(self, path: Path) -> str:
        command = [*CORES[self.arch].qemu, str(path)]
        try:
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    timeout=60)
        except subprocess.TimeoutExpired:
            return f"{path.name} does not end"
        return f"{result.stdout.decode('latin-1')}exit code {result.returncode}\n"


def fill_entries(path: str) -> "tuple[int, int] | None":
    """Where the module's list of what it fills in is, and its size."""
    file = elf.Elf(path, "the module")
    places = [s for s in file.symbols() if s.name == LIST]
    if not places:
        return None
    section = file.sections[places[0].section]
    counts = [o for o in file.symbols() if o.section == places[0].section
              and o.value > places[0].value and o.name]
    end = min((o.value for o in counts), default=section.address + section.size)
    return places[0].value, (end - places[0].value) // ENTRY_SIZE * ENTRY_SIZE


def run_pairs(folder: Path, arch: str, seed: int, count: int) -> List[Outcome]:
    """Makes a base, and edits it again and again; each patch is made against that base."""
    bench = Bench(folder, arch, seed)
    outcomes: List[Outcome] = []
    for _ in range(count):
        before = bench.program.copy()
        outcome = bench.try_edit(edits.edit(bench.program))
        outcomes.append(outcome)
        if not outcome.is_right:
            break  # The folder is as it was then.
        if isinstance(outcome.result, Whole):
            bench.program = before
            bench.program.rng = bench.rng
    return outcomes


def describe(outcomes: List[Outcome]) -> List[str]:
    """What went wrong, and how often the whole module was needed and why."""
    lines = [f"WRONG after {o.what}: {', '.join([*o.moved, *o.differences])}"
             for o in outcomes if not o.is_right]
    reasons: Dict[str, int] = {}
    for outcome in outcomes:
        if isinstance(outcome.result, Whole):
            reasons[outcome.result.reason] = reasons.get(outcome.result.reason, 0) + 1
    ranked = sorted(reasons.items(), key=lambda item: -item[1])
    return lines + [f"  {number} whole: {reason}" for reason, number in ranked]


def main() -> int:
    """Runs many pairs, and says what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder for what is built")
    parser.add_argument("--arch", choices=list(BASES), action="append")
    parser.add_argument("--first", type=int, default=0, help="number of the first base")
    parser.add_argument("--bases", type=int, default=72)
    parser.add_argument("--edits", type=int, default=8, help="of each base")
    arguments = parser.parse_args()
    wrong = 0
    for arch in arguments.arch or BASES:
        everything: List[Outcome] = []
        for seed in range(arguments.first, arguments.first + arguments.bases):
            folder = arguments.build / f"{arch}-{seed}"
            shutil.rmtree(folder, ignore_errors=True)
            outcomes = run_pairs(folder, arch, seed, arguments.edits)
            everything += outcomes
            bad = [outcome for outcome in outcomes if not outcome.is_right]
            for outcome in bad:
                print(f"{arch} {seed}: after {outcome.what}: "
                      f"{[*outcome.moved, *outcome.differences]}; see {folder}")
                (folder / "expected").write_text(outcome.expected)
                (folder / "got").write_text(outcome.got)
            if not bad:
                shutil.rmtree(folder)
            wrong += len(bad)
        patches = sum(isinstance(o.result, Patch) for o in everything)
        compared = sum(o.compared > 0 for o in everything)
        print(f"{arch}: {len(everything)} pairs, {patches} patches, {compared} of them compared "
              f"with what ld links, {wrong} wrong", flush=True)
        print("\n".join(describe(everything)), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
