"""Runs every suite and says at the end what passed, what failed, and what was skipped and why.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List

import cross_toolchain

ROOT = Path(__file__).resolve().parent.parent


AT_ONCE = ("-n", str(os.cpu_count() or 1))
FILES_AT_ONCE = (*AT_ONCE, "--dist", "loadfile")  # a file's tests share what it builds


@dataclass
class Result:
    """What one suite did."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    skipped: Dict[str, int] = field(default_factory=dict)  # reason: number of tests

    def add_junit(self, path: Path) -> None:
        """Counts the test cases of a JUnit report, which pytest and CTest write."""
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            skip = case.find("skipped")
            if skip is not None:
                reason = skip.get("message") or "no reason given"
                self.skipped[reason] = self.skipped.get(reason, 0) + 1
            elif case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
            else:
                self.passed += 1


def run(command: List[str]) -> bool:
    """Runs a command in the root of the project, its output passing through."""
    print("$ " + " ".join(command), flush=True)
    return subprocess.run(command, cwd=ROOT).returncode == 0


def pytest_suite(name: str, *options: str) -> Callable[[Path], Result]:
    """The suite of pytest files in test/<name>; options are for pytest."""

    def suite(build: Path) -> Result:
        result = Result(name)
        report = build / f"{name}.xml"
        good = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options,
                    f"--junitxml={report}", f"--basetemp={build / name}", f"test/{name}"])
        result.add_junit(report)
        result.failed += not good and result.failed == 0
        return result

    return suite


def ctest_suite(name: str, *options: str) -> Callable[[Path], Result]:
    """The suite of C programs in test/<name>; options are for CTest."""

    def suite(build: Path) -> Result:
        result = Result(name)
        directory = build / name
        report = build / f"{name}.xml"
        good = (run(["cmake", "-S", f"test/{name}", "-B", str(directory), "-G", "Ninja"])
                and run(["cmake", "--build", str(directory)])
                and run(["ctest", "--test-dir", str(directory), "--output-on-failure", "-j2",
                         "--output-junit", str(report), *options]))
        if report.exists():
            result.add_junit(report)
        result.failed += not good and result.failed == 0
        return result

    return suite


def fuzz_suite(build: Path) -> Result:
    """A bounded number of runs of each target in test/fuzz, from fixed seeds, and coverage."""
    result = ctest_suite("fuzz")(build)
    if result.failed == 0:
        covered = run([sys.executable, "scripts/fuzz.py", "--build", str(build / "fuzz"),
                       "--report-tests"])
        result.passed += covered
        result.failed += not covered
    return result


def torture_suite(build: Path) -> Result:
    """A sample of GCC's execution tests; `make torture` runs all of them."""
    result = Result("torture")
    report = build / "torture.xml"
    good = run([sys.executable, "test/torture/run.py", "--build", str(build / "torture"),
                "--every", "11", "--junit", str(report)])
    if report.exists():
        result.add_junit(report)
    result.failed += not good and result.failed == 0
    return result


SUITES: Dict[str, Callable[[Path], Result]] = {
    "tree": pytest_suite("tree"),
    "unit": ctest_suite("unit"),
    "concurrency": ctest_suite("concurrency", "-V"),  # tells how many interleavings
    "esp_idf_host": ctest_suite("esp_idf_host"),
    "fuzz": fuzz_suite,
    "golden": pytest_suite("golden", *AT_ONCE),
    "patches": pytest_suite("patches", *FILES_AT_ONCE),
    "tools": pytest_suite("tools", *FILES_AT_ONCE),
    "cmake": pytest_suite("cmake", *FILES_AT_ONCE),
    "board": pytest_suite("board", *FILES_AT_ONCE),
    "torture": torture_suite,
    "esp_idf": pytest_suite("esp_idf"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    build.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(ROOT / "tools")
    cross_toolchain.find_all(build.parent)

    results: List[Result] = []
    for name in arguments.suites or SUITES:
        print(f"\n==== {name} ====", flush=True)
        start = time.monotonic()
        result = SUITES[name](build)
        result.seconds = time.monotonic() - start
        results.append(result)

    print("\n==== Summary ====")
    for result in results:
        print(f"{result.name:14} {result.passed:5} passed {result.failed:3} failed "
              f"{sum(result.skipped.values()):3} skipped  {result.seconds:6.1f} s")
    for result in results:
        for reason, count in result.skipped.items():
            print(f"SKIPPED in {result.name}: {count} tests: {reason}")
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(sum(result.skipped.values()) for result in results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
