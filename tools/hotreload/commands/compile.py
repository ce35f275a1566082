"""Brings the module's object files up to date: runs CMake if it has to run, then ninja.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from typing import Callable, Collection, NamedTuple

import click

from hotreload.checks.causes import finish_search, looks_for_files, start_search
from hotreload.checks.inputs import InputFiles, Stale
from hotreload.checks.outside import check_outside
from hotreload.description import Description, NoModule, load_description
from hotreload.errors import ToolError
from hotreload.files import find_stamp
from hotreload.module.direct_compile import Compilers
from hotreload.module.ninja_compile import compile_objects
from hotreload.process import start_program
from hotreload.report import Steps, shorten


_ROUNDS = 2
"""How often the objects are compiled at most if files change meanwhile. A target that is always run
may write a source each time."""


class Configured(NamedTuple):
    """A build directory that CMake need not write again."""

    description: Description
    has_run_cmake: bool = False
    runs_always: bool = False
    """Ninja runs a target each time."""


def load_current_description(place: str) -> Description:
    """As load_description(). A build without a module may have got one, which CMake finds out."""
    try:
        return load_description(place)
    except NoModule as error:
        _run_cmake(error.build_dir, error.ninja, verbose=False)
        return load_description(place)


def compile_module(
    description: Description,
    inputs: InputFiles,
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
        if not verbose and _compile_without_ninja(description, inputs, changed, meanwhile):
            return description
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
            inputs.note_search(build.runs_always)
        if build.has_run_cmake:
            inputs.refresh(build.description)
            stale = [one for one in inputs.stale(changed) if not _is_written_by_cmake(one)]
        if stale:
            names = shorten(sorted({one.input for one in stale}))
            click.echo(f"{names} has changed, though its time stamp is old")
            forgotten = inputs.forget(stale, changed)
            search = start_search(build.description)
            build = _finish(search, build, verbose, forgotten)
        _build(build.description, inputs, verbose, meanwhile)
        if inputs.must_search_again():
            _finish(start_search(build.description), build, verbose)
        return build.description


def _build(
    description: Description,
    inputs: InputFiles,
    verbose: bool,
    meanwhile: Callable[[Description], None],
) -> None:
    """Runs ninja, and once more if a file has changed meanwhile.

    Two objects may have been made from two states of a header.
    """
    for number in range(1, _ROUNDS + 1):
        inputs.begin_build()
        compile_objects(description, verbose, lambda: meanwhile(description))
        stale = inputs.changed_meanwhile()
        if not stale or number == _ROUNDS:
            break
        changed = {one.input for one in stale}
        click.echo(f"{shorten(sorted(changed))} has changed meanwhile, and is compiled again")
        inputs.forget(stale, changed)
    inputs.finish_build(stale)


def _compile_without_ninja(
    description: Description,
    inputs: InputFiles,
    changed: Collection[str],
    meanwhile: Callable[[Description], None],
) -> bool:
    """Compiles the few objects that are made from the changed files, if that is all there is to do.

    Begins before it looks whether it is: that takes as long as a small file.
    """
    commands = inputs.begin_without_ninja(changed)
    if commands is None or len(commands) > (os.cpu_count() or 1):
        return False
    with Compilers(description, commands) as compilers:
        is_all = not inputs.needs_ninja(commands)
        if is_all:
            meanwhile(description)
        read = compilers.finish()
        if is_all and read is not None and inputs.finish_without_ninja(read):
            compilers.report()
            return True
        compilers.discard()  # Ninja compiles these objects, and says what is wrong.
        return False


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
    found = finish_search(search, description)
    if found is None:
        click.echo("The build's configuration has changed: CMake runs")
        _run_cmake(description.build_dir, description.ninja, verbose)
        build = Configured(load_description(description.path), has_run_cmake=True)
        found = finish_search(start_search(build.description), build.description)
    if found is None:
        raise ToolError("the build is out of order: CMake has run, but ninja wants it to run again")
    check_outside(found.causes, build.description, forgotten)
    return build._replace(runs_always=found.runs_always)


def _look_for_files(description: Description, verbose: bool) -> Configured:
    """Has CMake look for new files, and run if there are any, or for another reason."""
    path = os.path.join(description.build_dir, "build.ninja")
    before = find_stamp(path)
    _run_cmake(description.build_dir, description.ninja, verbose)
    if find_stamp(path) == before:
        return Configured(description)
    click.echo("The build's configuration has changed: CMake has run")
    return Configured(load_description(description.path), True)


def _run_cmake(build_dir: str, ninja: str, verbose: bool) -> None:
    """If it has to run."""
    process = start_program(build_dir, [ninja, "build.ninja"], is_shown=verbose)
    said = process.communicate()[0]
    if process.returncode != 0:
        click.echo(said or "", nl=False)
        raise ToolError("CMake fails: see its messages above")
