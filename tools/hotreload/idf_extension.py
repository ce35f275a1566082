"""`idf.py reload`, `watch` and others: an extension of ESP-IDF's command line.

ESP-IDF 5 loads idf_ext.py of the project only, which install_project_extension() writes. ESP-IDF 6
loads that of components as well, if it trusts them and finds them in the build directory. Every
command of idf.py imports this, so it imports little before it is needed.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from hotreload.errors import ToolError
from hotreload.files import open_text, write_if_changed
from hotreload.options import idf_options
from hotreload.report import show_any_text

if TYPE_CHECKING:
    from hotreload.device.find_device import Where

_AFTER = ["all", "app", "flash", "app-flash", "hotreload-flash", "partition-table-flash"]

_PROJECT_EXTENSION = '''\
"""Adds `idf.py reload` and `idf.py watch`. Only a clone in components/ with ESP-IDF 6 and the build
directory `build` does without."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), {tools!r}))

from hotreload.idf_extension import action_extensions  # noqa: E402,F401
'''


def action_extensions(base_actions: Dict[str, Any], project_path: str) -> Dict[str, Any]:
    """What idf.py asks an extension for."""
    known = base_actions.get("actions", {}).get("reload", {})
    if getattr(known.get("callback"), "__qualname__", "") == _reload.__qualname__:
        # The extension is loaded twice, by component and project: idf.py would warn of the second.
        return {"version": "1"}
    return {
        "version": "1",
        "actions": {
            "reload": {
                "callback": _reload,
                "short_help": "Compile the reloadable components and send them to the device.",
                "help": "Compile what changed in the reloadable components and send the module to "
                "the running device. CMake runs only if a file that it reads has changed. The "
                "firmware is neither linked nor flashed.",
                "options": idf_options("reload"),
                "order_dependencies": _AFTER,
            },
            "watch": {
                "callback": _watch,
                "short_help": "Reload whenever a source of a reloadable component changes.",
                "help": "Watch the sources of the reloadable components, and reload after every "
                "change, until Ctrl+C. Together with monitor: until the monitor is left.",
                "options": idf_options("watch"),
                "order_dependencies": [*_AFTER, "reload"],
            },
            "hotreload-status": {
                "callback": _status,
                "short_help": "Show what the device says about its firmware and its module.",
                "help": "Show the device's firmware, beside that of the build, its module, "
                "exports, free memory, a pending update and the last error.",
                "options": idf_options("status"),
                "order_dependencies": [*_AFTER, "reload"],
            },
            "hotreload-gdb": {
                "callback": _gdb,
                "short_help": "Show the GDB command that has the module's symbols where it runs.",
                "help": "Ask the device where the module runs, and print the GDB command that has "
                "its symbols there, or start it.",
                "options": idf_options("gdb"),
                "order_dependencies": [*_AFTER, "reload"],
            },
        },
        "global_action_callbacks": [
            _note_port,
            _put_watch_before_monitor,
            _tell_monitor,
            _tell_flash,
        ],
    }


def _note_port(context: Any, arguments: Any, tasks: List[Any]) -> None:
    """Before anything runs: `flash` sets the port that it finds, as if it had been typed."""
    arguments.is_port_typed = bool(arguments.port) and arguments.port != os.environ.get("ESPPORT")


def _put_watch_before_monitor(context: Any, arguments: Any, tasks: List[Any]) -> None:
    """Both run until they are stopped. The watch runs in the background, so it must start first."""
    names = [task.name for task in tasks]
    if "watch" not in names or "monitor" not in names:
        return
    watch = tasks.pop(names.index("watch"))
    watch.action_args["background"] = True
    tasks.insert([task.name for task in tasks].index("monitor"), watch)


def _tell_monitor(context: Any, arguments: Any, tasks: List[Any]) -> None:
    """Adds the module to what the monitor knows: by itself it knows the firmware only."""
    for task in tasks:
        if task.name == "monitor":
            task.callback = _with_module(task.callback)


def _tell_flash(context: Any, arguments: Any, tasks: List[Any]) -> None:
    """idf.py runs a target that it does not know without -p and -b."""
    if any(task.name == "hotreload-flash" for task in tasks):
        _tell_esptool(arguments)


def _with_module(monitor: Callable[..., None]) -> Callable[..., None]:
    def run(name: str, context: Any, arguments: Any, **options: Any) -> None:
        from hotreload.commands.monitor import explain_module_addresses

        with explain_module_addresses(arguments.build_dir):
            monitor(name, context, arguments, **options)

    return run


def _reload(
    name: str,
    context: Any,
    arguments: Any,
    url: Optional[str],
    skip_build: bool,
    wait: Optional[float],
    verbose: bool,
    whole: bool,
    is_all: bool,
) -> None:
    from hotreload.commands.reload import reload_once
    from hotreload.commands.update import Options

    where, loud = _where(arguments, url, is_all), verbose or arguments.verbose
    options = Options(arguments.build_dir, where, skip_build, wait, loud, whole)
    _run(arguments, lambda: reload_once(options))


def _watch(
    name: str,
    context: Any,
    arguments: Any,
    url: Optional[str],
    debounce: float,
    wait: Optional[float],
    verbose: bool,
    whole: bool,
    is_all: bool,
    flash: bool,
    background: bool = False,
) -> None:
    from hotreload.commands.update import Options
    from hotreload.commands.watch import watch, watch_in_background

    where, loud = _where(arguments, url, is_all), verbose or arguments.verbose
    options = Options(arguments.build_dir, where, False, wait, loud, whole, flash)
    if not background:
        if flash:
            _tell_esptool(arguments)
        _run(arguments, lambda: watch(options, debounce))
        return
    if flash:
        sys.exit("hotreload: --flash needs the port that the monitor holds: leave out one of them")
    if where.port and not where.url:
        _run(arguments, lambda: _share(arguments, where))
    _run(arguments, lambda: watch_in_background(options, debounce))


def _gdb(
    name: str,
    context: Any,
    arguments: Any,
    url: Optional[str],
    run: bool,
    gdb: Optional[str],
    remote: Optional[str],
) -> None:
    from hotreload.commands.gdb import show_gdb

    where = _where(arguments, url)
    _run(arguments, lambda: show_gdb(arguments.build_dir, where, run, gdb, remote))


def _tell_esptool(arguments: Any) -> None:
    """The build's target `flash` takes port and rate from the environment."""
    for name, value in (("ESPPORT", arguments.port), ("ESPBAUD", arguments.baud)):
        if value:
            os.environ[name] = str(value)


def _where(arguments: Any, url: Optional[str], is_all: bool = False) -> Where:
    """The command line takes precedence over the environment. The port of idf.py is used only if
    the firmware takes requests on it: it is for flashing, too."""
    from hotreload.device.find_device import Where

    typed = None if url == os.environ.get("HOTRELOAD_URL") else url
    if is_all:
        return Where(typed, is_all=True)
    port = arguments.port if arguments.port and _config(arguments, "HOTRELOAD_SERIAL") else None
    if port and not typed and arguments.is_port_typed:
        return Where(None, port)
    return Where(url, os.environ.get("HOTRELOAD_PORT") or port)


def _config(arguments: Any, name: str) -> Any:
    """A value of the build's configuration."""
    path = os.path.join(arguments.build_dir, "config", "sdkconfig.json")
    try:
        with open_text(path) as file:
            return json.load(file).get(name)
    except (OSError, ValueError):
        return None  # Not built: the action says so.


def _share(arguments: Any, where: Where) -> None:
    """Holds the port while idf.py runs, and lets the monitor share it."""
    from hotreload.device.find_device import console_baud
    from hotreload.device.serial_line import SerialLine
    from hotreload.device.serial_share import Share

    assert where.port
    line = SerialLine(where.port, console_baud(arguments.build_dir))
    share = Share(line)
    line.on_log = share.show
    atexit.register(share.close)
    arguments.port = share.url


def _status(name: str, context: Any, arguments: Any, url: Optional[str]) -> None:
    from hotreload.commands.status import show_status
    from hotreload.device.find_device import find_device

    def ask() -> None:
        with closing(find_device(_where(arguments, url), arguments.build_dir)) as device:
            show_status(device, arguments.build_dir, False)

    _run(arguments, ask)


def _run(arguments: Any, action: Callable[[], None]) -> None:
    """Runs an action; errors end idf.py with one message."""
    show_any_text()
    try:
        _check_target(arguments.build_dir)
        action()
    except ToolError as error:
        sys.exit(f"hotreload: {error}")


def _check_target(build_dir: str) -> None:
    """IDF_TARGET must be the target of the build, as for every other command of idf.py."""
    from hotreload.project_description import read_project_description

    wanted = os.environ.get("IDF_TARGET")
    built = read_project_description(build_dir).get("target")  # Not built: the action says so.
    if wanted and built and wanted != built:
        raise ToolError(
            f"{build_dir} was built for {built}, but IDF_TARGET is {wanted}: name another build "
            f"directory with -B, or unset IDF_TARGET"
        )


def install_project_extension(project_dir: str) -> str:
    """Writes idf_ext.py into a project; returns its path."""
    path = os.path.join(os.path.abspath(project_dir), "idf_ext.py")
    tools = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        tools = os.path.relpath(tools, os.path.dirname(path))
    except ValueError:
        pass  # On Windows, the project is on another drive.
    content = _PROJECT_EXTENSION.format(tools=tools.replace(os.sep, "/"))
    if os.path.exists(path):
        with open_text(path) as file:
            if "from hotreload.idf_extension import" in file.read():
                return path
        raise ToolError(f"{path} exists already. Add to it what hotreload needs:\n{content}")
    write_if_changed(path, content)
    return path
