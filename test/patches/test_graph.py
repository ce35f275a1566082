"""The comparison of a patched program with the linked one finds what may be wrong with a patch.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import random
from copy import deepcopy
from pathlib import Path
from typing import List, NamedTuple, Tuple

import pytest

import edits
from compilers import BASES
from graph import Comparison, Reference
from hotreload.module.link import ModuleInputs
from hotreload.patch.make import Patch
from image import Memory, Patched
from pairs import Bench

SEED = 7
FLIPS = 60
JUMPS, SWAPS, BASE_DATA = 6, 7, 4


class Case(NamedTuple):
    """A patch with a jump and a constant that changed."""

    bench: Bench
    inputs: ModuleInputs
    reference: Reference
    patched: Patched

    def compare(self, memory: Memory) -> Comparison:
        patched = self.patched._replace(memory=memory)
        return Comparison(self.reference, patched, self.inputs, self.bench.old).run()

    def find(self, memory: Memory) -> List[str]:
        return self.compare(memory).differences

    def copy(self) -> Memory:
        return deepcopy(self.patched.memory)

    def compared(self) -> List[int]:
        """The addresses of all bytes that the comparison looks at."""
        found = self.compare(self.patched.memory).compared
        return [address for start, size in found for address in range(start, start + size)]


@pytest.fixture(scope="module", params=list(BASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    bench = Bench(tmp_path_factory.mktemp("graph") / "project", request.param, SEED)
    for _ in range(50):
        before = bench.program.copy()
        edits.change_constant(bench.program)
        edits.change_body(bench.program)
        inputs, result = bench.make_patch()
        if isinstance(result, Patch):
            patched = bench.load_patched(result.content)
            if {JUMPS, SWAPS} <= set(patched.patch.packed.notes):
                reference = Reference(inputs, Path(bench.project.out) / "reference")
                return Case(bench, inputs, reference, patched)
        bench.program = before
        bench.program.rng = bench.rng
    raise AssertionError("no edit makes such a patch")


def test_nothing_differs(case: Case) -> None:
    assert case.find(case.patched.memory) == []


def test_all_code_of_the_patch_is_compared(case: Case) -> None:
    start, size = case.patched.patch.text, len(case.patched.patch.packed.text[1])
    missing = set(range(start, start + size)) - set(case.compared())
    assert size > 0 and len(missing) < 8 + size // 4, "more than padding and literals"


def test_each_bit_counts(case: Case) -> None:
    rng, memory = random.Random(1), case.copy()
    missed = []
    for place in rng.sample(case.compared(), FLIPS):
        before, bit = memory.read(place, 1), 1 << rng.randrange(8)
        memory.write(place, bytes([before[0] ^ bit]))
        if not case.find(memory):
            missed.append(f"bit {bit} of {place:#x}")
        memory.write(place, before)
    # An l32r may get the literal of another one that has the same value.
    assert len(missed) <= FLIPS // 20, missed


def _base_elsewhere(case: Case, text: int) -> Memory:
    """The base without a patch; its code at another address, its data where they are."""
    memory = Memory()
    memory.load(case.patched.base.packed, text, case.patched.base.data)
    return memory


def _jumps(case: Case) -> List[Tuple[int, ...]]:
    return case.patched.patch.packed.entries(JUMPS, "<III")


def test_jump_is_missing(case: Case) -> None:
    base = case.patched.base
    before = _base_elsewhere(case, base.text)
    for start, _, busy in _jumps(case):
        memory = case.copy()
        memory.write(base.text + start, before.read(base.text + start, busy))
        assert case.find(memory)


def test_jump_leads_to_the_old_version(case: Case) -> None:
    base, size = case.patched.base, len(case.patched.base.packed.text[1])
    old = base.text + 0x2000
    assert size < 0x1000
    for start, _, _ in _jumps(case):
        memory = case.copy()
        memory.write(old, _base_elsewhere(case, old).read(old, size))
        memory.jump(base.packed.machine, base.text + start, old + start)
        assert case.find(memory)


def test_slot_leads_to_another_function(case: Case) -> None:
    slots = range(case.patched.slots, case.patched.slots + 4 * len(case.inputs.exports.table), 4)
    for slot, other in zip(slots, slots[1:]):
        memory = case.copy()
        memory.set_word(slot, memory.word(other))
        assert case.find(memory)


def test_variable_is_elsewhere(case: Case) -> None:
    """All references of the patch to a variable of the base lead to the place behind it."""
    patched, compared = case.patched, set(case.compared())
    run, machine = patched.patch.run, patched.patch.packed.machine
    used = [(place, info & 0xFF, addend)
            for place, info, addend in patched.patch.packed.relocations
            if info >> 8 == BASE_DATA and run(place) in compared]
    assert used
    for moved in {addend for _, _, addend in used}:
        memory = case.copy()
        for place, kind, addend in used:
            if addend == moved:
                memory.relocate(machine, kind, run(place), patched.base.data + addend + 4)
        assert case.find(memory)


def test_constant_keeps_its_old_value(case: Case) -> None:
    patched = case.patched
    for symbol, addend, source, size in patched.patch.packed.entries(SWAPS, "<IIII"):
        memory = case.copy()
        target = patched.base.data + addend if symbol else patched.slots + 4 * addend
        memory.write(target, memory.read(patched.patch.run(source), size))
        assert case.find(memory)
