"""Runs GCC's execution tests as modules on the emulated boards: each must do what it does when it
is linked statically. Says which do not, and which were left out and why.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "scripts"), str(ROOT / "tools")]

from cross_toolchain import CORES, missing  # noqa: E402
from programs import PACKAGE, Program, unpack  # noqa: E402
from two_forms import CannotBuild, TwoForms  # noqa: E402

OPTIONS = {
    "riscv": ("-O0", "-O2", "-Os"),
    "xtensa": ("-O0", "-O2", "-Os"),
    "esp32": ("-O0", "-O2 -mtext-section-literals", "-Os -mtext-section-literals",
              "-O3 -mauto-litpools", "-Og"),
}
"""In how many ways the programs are compiled for each core."""
_PROGRESS = 250  # cases


class Case(NamedTuple):
    """A program, compiled in one way."""

    program: Program
    options: str

    def __str__(self) -> str:
        return f"{self.program.name} {self.options}"


class Report(NamedTuple):
    """What became of the cases of one core."""

    core: str
    same: List[str]
    different: Dict[str, str]
    """Case: what is different."""
    left_out: Dict[str, List[str]]
    """Reason: cases that say nothing about modules."""


def choose(programs: Sequence[Program], ways: Sequence[str], every: int,
           only: str) -> List[Case]:
    """All cases; or of every Nth program one, compiled in each way in turn. Of them, those that
    have a text."""
    if every == 1:
        cases = [Case(program, options) for program in programs for options in ways]
    else:
        chosen = enumerate(programs[::every])
        cases = [Case(program, ways[i % len(ways)]) for i, program in chosen]
    return [case for case in cases if only in str(case)]


def run_all(core: str, folder: Path, cases: Sequence[Case]) -> Report:
    """Runs the cases of a core, one after the other."""
    report = Report(core, [], {}, {})
    forms = TwoForms(CORES[core], folder)
    for number, case in enumerate(cases, 1):
        verdict, words = run_case(forms, case)
        if verdict == "same":
            report.same.append(str(case))
        elif verdict == "different":
            report.different[str(case)] = words
            print(f"{core}: {case}: {words}", flush=True)
        else:
            report.left_out.setdefault(words, []).append(str(case))
        if number % _PROGRESS == 0 or number == len(cases):
            print(f"{core}: {number} of {len(cases)}, {len(report.different)} differ", flush=True)
    return report


def run_case(forms: TwoForms, case: Case) -> Tuple[str, str]:
    """The verdict (same, different or left out), and for the last two why."""
    try:
        forms.compile(case.program, case.options.split())
    except CannotBuild:
        return "left out", "does not compile"
    try:
        forms.link_statically()
        expected = forms.run_static()
    except CannotBuild:
        return "left out", "does not link statically"
    except subprocess.TimeoutExpired:
        return "left out", "does not end when linked statically"
    try:
        forms.make_module()
        found = forms.run_module()
    except CannotBuild as refused:
        return "different", f"refused:\n{refused}"
    except subprocess.TimeoutExpired:
        return "different", f"does not end; linked statically: {expected}"
    if found != expected:
        return "different", f"{found}; linked statically: {expected}"
    return "same", ""


def write_junit(path: Path, reports: Sequence[Report], skipped: Sequence[str]) -> None:
    """The results as run_tests.py reads them."""
    suite = ElementTree.Element("testsuite", name="torture")

    def add(name: str, kind: str = "", message: str = "") -> None:
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if kind:
            ElementTree.SubElement(case, kind, message=message)

    for report in reports:
        for name in report.same:
            add(f"{report.core} {name}")
        for name in report.different:
            add(f"{report.core} {name}", "failure")
        for reason, names in report.left_out.items():
            for name in names:
                add(f"{report.core} {name}", "skipped", f"{report.core}: {reason}")
    for reason in skipped:
        add(reason, "skipped", reason)
    ElementTree.ElementTree(suite).write(path)


def summarise(reports: Sequence[Report], skipped: Sequence[str]) -> None:
    """The last lines: what is different, what was left out, how much is the same."""
    for report in reports:
        for reason, names in report.left_out.items():
            print(f"left out, {report.core}: {len(names)}: {reason}: {', '.join(names)}")
    for reason in skipped:
        print(f"SKIPPED: {reason}")
    for report in reports:
        if report.different:
            print(f"DIFFERENT, {report.core}: {', '.join(report.different)}")
        refused = sum(words.startswith("refused") for words in report.different.values())
        print(f"{report.core}: {len(report.same)} do the same as a module, "
              f"{len(report.different) - refused} differ, {refused} are refused")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="only every Nth program, in one way")
    parser.add_argument("--core", action="append", choices=list(CORES), help="only this core")
    parser.add_argument("--only", default="", help="only cases whose name or options have this")
    parser.add_argument("--junit", type=Path, help="a file for the results")
    arguments = parser.parse_args()
    start = time.monotonic()
    build = arguments.build.resolve()
    reasons = {name: missing(name, build.parent) for name in arguments.core or CORES}
    cores = [name for name, reason in reasons.items() if reason is None]
    skipped = [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    programs = unpack(build / "execute")
    if programs is None:
        cores.clear()
        skipped.append(f"the Debian package {PACKAGE} is not installed")
    cases = {name: choose(programs or [], OPTIONS[name], arguments.every, arguments.only)
             for name in cores}
    with ProcessPoolExecutor(len(cores) or 1) as pool:
        running = [pool.submit(run_all, core, build / core, cases[core]) for core in cores]
        reports = [future.result() for future in running]
    summarise(reports, skipped)
    print(f"{time.monotonic() - start:.0f} s")
    if arguments.junit:
        write_junit(arguments.junit, reports, skipped)
    return 1 if any(report.different for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
