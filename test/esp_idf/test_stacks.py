"""The stacks that the documents promise to be enough are enough, on an emulated chip.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Callable

import stack_use
from idf_project import ROOT, IdfProject
from qemu import Qemu

HEADER = ROOT / "include" / "hotreload.h"
KCONFIG = ROOT / "Kconfig"


def test_stacks(project: IdfProject, start_chip: "Callable[[IdfProject], Qemu]") -> None:
    stack_use.prepare(project)
    used = stack_use.measure(project, start_chip(project))
    promised = {int(text) for text in re.findall(r"(\d+) bytes of stack", HEADER.read_text())}
    option = KCONFIG.read_text().split("config HOTRELOAD_SERVER_STACK_SIZE")[1]
    smallest = int(re.search(r"range (\d+) ", option).group(1))  # type: ignore[union-attr]
    print(used)
    assert len(promised) == 1 and used["caller"] <= promised.pop()
    # A quarter is left for chips and configurations that this one does not stand for.
    assert max(used["httpd"], used["hotreload"]) <= smallest * 3 // 4
