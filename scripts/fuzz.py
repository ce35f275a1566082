"""make fuzz: runs every fuzz target for its share of the time, and says what was covered.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
# The code that reads untrusted modules: fuzzing must reach every line of it.
FULLY_COVERED = ("src/image/image.c", "src/image/notes.c", "src/loader/relocate.c")


class Lines(NamedTuple):
    """The lines of a source file that can be executed, and those that were not."""

    total: int
    missed: List[int]


def build_targets(build: Path) -> List[str]:
    """Builds everything in test/fuzz; returns the names of the targets."""
    for command in (["cmake", "-S", str(ROOT / "test" / "fuzz"), "-B", str(build), "-G", "Ninja"],
                    ["cmake", "--build", str(build)]):
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise SystemExit("The fuzz targets were not built: " + " ".join(command))
    return sorted(path.stem for path in build.glob("*.options"))


def executions(output: str) -> int:
    """The number that libFuzzer prints with -print_final_stats=1."""
    return sum(int(number) for number in
               re.findall(r"stat::number_of_executed_units: (\d+)", output))


def fuzz(build: Path, target: str, seconds: float) -> bool:
    """Runs a target from where it ended last time. Returns whether it found nothing."""
    corpus = build / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    program = build / f"fuzz_{target}"
    options = (build / f"{target}.options").read_text().split()
    environment = dict(os.environ, LLVM_PROFILE_FILE=str(build / f"{target}.profraw"))
    process = subprocess.run(
        ["nice", "-n", "10", str(program), *options, f"-max_total_time={max(1, round(seconds))}",
         str(corpus)],
        cwd=build, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.decode(errors="replace")
    print(f"{target:10} {executions(output):10} executions, "
          f"{len(list(corpus.iterdir()))} inputs in {corpus}", flush=True)
    if process.returncode != 0:
        found = re.search(r"Test unit written to (\S+)", output)
        print(output)
        print(f"{target} found a defect; again: {program} {found.group(1) if found else ''}")
    return process.returncode == 0


def print_test_executions(build: Path) -> None:
    """What the tests of CTest executed."""
    log = (build / "Testing" / "Temporary" / "LastTest.log").read_text(errors="replace")
    for part in re.split(r"^\d+/\d+ Testing: ", log, flags=re.MULTILINE)[1:]:
        print(f"{part.split()[0]:10} {executions(part):10} executions")


def llvm_tool(name: str) -> Optional[str]:
    """The tool of the same version as clang."""
    path = subprocess.run(["clang", f"-print-prog-name={name}"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()
    return path if Path(path).is_absolute() else None


def read_lcov(text: str) -> Iterator[Tuple[str, Lines]]:
    """The files of an lcov report."""
    for record in text.split("end_of_record"):
        name = re.search(r"^SF:(.+)$", record, re.MULTILINE)
        lines = [(int(line), int(hits)) for line, hits in
                 re.findall(r"^DA:(\d+),(\d+)", record, re.MULTILINE)]
        if name and lines:
            missed = [line for line, hits in lines if hits == 0]
            yield os.path.relpath(os.path.realpath(name.group(1)), ROOT), Lines(len(lines), missed)


def measure_coverage(build: Path, targets: List[str]) -> Dict[str, Lines]:
    """Lines that the last run of all targets together executed, by file."""
    merge, export = llvm_tool("llvm-profdata"), llvm_tool("llvm-cov")
    if merge is None or export is None:
        print("SKIPPED, coverage: llvm-cov is missing; on Debian: apt-get install llvm")
        return {}
    merged = build / "merged.profdata"
    raw = [str(build / f"{target}.profraw") for target in targets]
    subprocess.run([merge, "merge", "-o", str(merged), *raw], check=True)
    objects = [f"--object={build / f'fuzz_{target}'}" for target in targets]
    report = subprocess.run([export, "export", "--format=lcov", f"--instr-profile={merged}",
                             *objects], check=True, text=True, stdout=subprocess.PIPE).stdout
    return dict(read_lcov(report))


def report_coverage(build: Path, targets: List[str]) -> bool:
    """Prints the coverage. Returns whether everything is covered that must be."""
    coverage = measure_coverage(build, targets)
    if not coverage:
        return True
    for name, lines in sorted(coverage.items()):
        if name.endswith(".c"):
            percent = 100.0 * (lines.total - len(lines.missed)) / lines.total
            missed = " ".join(str(line) for line in lines.missed[:12])
            print(f"{name:36} {percent:6.1f} % of {lines.total:3} lines"
                  + (f", not {missed}" if lines.missed else ""))
    count = sum(lines.total for lines in coverage.values())
    total_missed = sum(len(lines.missed) for lines in coverage.values())
    print(f"{'all':36} {100.0 * (count - total_missed) / count:6.1f} % of {count} lines")
    gaps = [name for name in FULLY_COVERED if name not in coverage or coverage[name].missed]
    for name in gaps:
        print(f"{name} is not covered completely: let test/fuzz/module_source.c reach those lines")
    return not gaps


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4.0, help="for all targets together")
    parser.add_argument("--report-tests", action="store_true",
                        help="run nothing; report what the tests in the build directory did")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all without any")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if arguments.report_tests:
        targets = sorted(path.stem for path in build.glob("*.options"))
        print_test_executions(build)
        return 0 if report_coverage(build, targets) else 1
    known = build_targets(build)
    targets = arguments.targets or known
    unknown = [target for target in targets if target not in known]
    if unknown:
        parser.error(f"no target {unknown[0]}: there are {', '.join(known)}")
    seconds = arguments.minutes * 60 / len(targets)
    print(f"{len(targets)} targets, {seconds:.0f} s each", flush=True)
    good = [fuzz(build, target, seconds) for target in targets]
    if not all(good):
        return 1
    report_coverage(build, targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
