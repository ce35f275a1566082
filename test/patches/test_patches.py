"""The program after a patch does what a static link of the edited sources does, and every variable is
where it was. Programs and edits are generated; `make torture` runs more of them.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from compilers import BASES
from pairs import Outcome, describe, run_pairs
from hotreload.patch.make import Patch

SEEDS = range(9)
EDITS = 3
_outcomes: List[Outcome] = []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("arch", list(BASES))
def test_patch_equals_static_link(arch: str, seed: int, tmp_path: Path) -> None:
    outcomes = run_pairs(tmp_path / "project", arch, seed, EDITS)
    assert all(outcome.is_right for outcome in outcomes), "\n".join(describe(outcomes))
    _outcomes.extend(outcomes)


def test_most_edits_are_patches() -> None:
    patches = [outcome for outcome in _outcomes if isinstance(outcome.result, Patch)]
    assert len(patches) > len(_outcomes) / 2
    compared = [outcome for outcome in patches if outcome.compared > 500]
    assert len(compared) > len(patches) / 2
