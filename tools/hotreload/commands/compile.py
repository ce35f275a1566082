"""Brings the module's object files up to date: runs CMake if it has to run, then ninja.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from typing import Callable, Collection, NamedTuple

import click

from hotreload.checks.inputs import Inputs, Stale
from hotreload.checks.outside import finish_search, looks_for_files, start_search
from hotreload.description import Description, load_description
from hotreload.errors import ToolError
from hotreload.files import find_stamp
from hotreload.module.compiler import compile_objects
from hotreload.report import Steps, shorten


class Configured(NamedTuple):
    """A build directory that CMake need not write again."""

    description: Description
    has_run_cmake: bool = False


def compile_module(
    description: Description,
    inputs: Inputs,
    changed: Collection[str],
    steps: Steps,
    verbose: bool,
    meanwhile: Callable[[Description], None],
) -> Description:
    """Returns the description of the build, which CMake may have written again; that is given to
    `meanwhile`, too, while the compiler runs.

    Raises FlashNeeded if the firmware would become another one. It is left as it was built then,
    so that a change can be taken back.
    """
    with steps.step("compile"):
        build, search = Configured(description), None
        if not inputs.last_search.is_valid():
            inputs.begin_search()
            if looks_for_files(description):
                build = _look_for_files(description, verbose)
            search = start_search(build.description)
        inputs.refresh(build.description)
        _import_what_follows()
        stale = inputs.stale(changed)  # While ninja searches.
        if search is not None:
            build = _finish(search, build, verbose)
            inputs.last_search.succeed()
        if build.has_run_cmake:
            inputs.refresh(build.description)
            stale = [one for one in inputs.stale(changed) if not _is_written_by_cmake(one)]
        if stale:
            names = shorten(sorted({one.input for one in stale}))
            click.echo(f"{names} has changed, though its time stamp is old")
            forgotten = inputs.forget(stale, changed)
            search = start_search(build.description)
            build = _finish(search, build, verbose, forgotten)
        compile_objects(build.description, verbose, lambda: meanwhile(build.description))
        return build.description


def _import_what_follows() -> None:
    """Importing these takes as long as ninja's search."""
    import hotreload.builder  # noqa: F401
    import hotreload.checks.abi_guard  # noqa: F401
    import hotreload.device.http_device  # noqa: F401
    import hotreload.patch.make  # noqa: F401


def _is_written_by_cmake(stale: Stale) -> bool:
    return os.path.basename(stale.output) == "build.ninja"


def _finish(
    search: "subprocess.Popen[str]",
    build: Configured,
    verbose: bool,
    forgotten: Collection[str] = (),
) -> Configured:
    """Runs CMake if the search says so, and searches again."""
    description = build.description
    if finish_search(search, description, forgotten):
        return build
    click.echo("The build's configuration has changed: CMake runs")
    _run_cmake(description, verbose)
    description = load_description(description.path)
    if not finish_search(start_search(description), description, forgotten):
        raise ToolError("the build is out of order: CMake has run, but ninja wants it to run again")
    return Configured(description, True)


def _look_for_files(description: Description, verbose: bool) -> Configured:
    """Has CMake look for new files, and run if there are any, or for another reason."""
    path = os.path.join(description.build_dir, "build.ninja")
    before = find_stamp(path)
    _run_cmake(description, verbose)
    if find_stamp(path) == before:
        return Configured(description)
    click.echo("The build's configuration has changed: CMake has run")
    return Configured(load_description(description.path), True)


def _run_cmake(description: Description, verbose: bool) -> None:
    """If it has to run."""
    try:
        result = subprocess.run(
            [description.ninja, "build.ninja"],
            cwd=description.build_dir,
            stdout=None if verbose else subprocess.PIPE,
            stderr=None if verbose else subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except OSError as error:
        raise ToolError(f"cannot run {description.ninja}: {error.strerror}") from error
    if result.returncode != 0:
        click.echo(result.stdout or "", nl=False)
        raise ToolError("CMake fails: see its messages above")
