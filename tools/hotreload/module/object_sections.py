"""What the sections of an object file say of its code, and whether it has kept variables.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Tuple

from hotreload.module.elf import SHF_EXECINSTR
from hotreload.module.linker_script import KEEP_SECTION
from hotreload.module.object_cache import CachedObject, ObjectCache

_FACTS = "sections"


def code_alignment(files: ObjectCache) -> int:
    """The largest of a section of code."""
    return max((_facts(cached)[0] for cached in files.objects), default=1)


def code_size(cached: CachedObject) -> int:
    """Bytes of its code."""
    return _facts(cached)[2]


def keeps_variables(cached: CachedObject) -> bool:
    """Whether anything in it has HOTRELOAD_KEEP."""
    return _facts(cached)[1]


def _facts(cached: CachedObject) -> Tuple[int, bool, int]:
    """The largest alignment of code, whether anything has HOTRELOAD_KEEP, bytes of code."""
    known = cached.part(_FACTS)
    if known is None:
        sections = cached.open().sections
        code = [s for s in sections if s.flags & SHF_EXECINSTR and s.size > 0]
        keeps = any(s.name.startswith(KEEP_SECTION) for s in sections)
        alignment = max((s.alignment for s in code), default=1)
        known = [alignment, keeps, sum(s.size for s in code)]
        cached.keep(_FACTS, known)
    return known[0], known[1], known[2]
