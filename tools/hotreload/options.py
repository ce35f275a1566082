"""The options of the commands that users call: one table for the command line and for idf.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import click


class _Option(NamedTuple):
    """An option; `settings` are arguments of click.Option, `commands` the commands that have it."""

    names: List[str]
    commands: List[str]
    settings: Dict[str, Any]
    idf: Optional[Dict[str, Any]] = {}
    """Settings that differ in idf.py; None: idf.py has another way to say it."""


class _Seconds(click.FloatRange):
    """Up to a day. `nan` is neither below nor above a limit."""

    def __init__(self) -> None:
        super().__init__(min=0, max=24 * 60 * 60)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail("nan is no number of seconds", param, ctx)
        return seconds


_RELOADING = ["reload", "watch"]
_ASKING = ["reload", "watch", "status", "gdb", "decode"]

_OPTIONS = [
    _Option(
        ["--build"],
        [*_ASKING, "monitor"],
        {
            "default": "build",
            "show_default": True,
            "help": "Build directory, or its hotreload.json.",
        },
        None,
    ),
    _Option(
        ["--url"],
        _ASKING,
        {
            "envvar": "HOTRELOAD_URL",
            "show_envvar": True,
            "help": "Device, like http://192.168.1.100:8080; default: that of the build, else the "
            "only one on the network with its firmware.",
        },
    ),
    _Option(
        ["-p", "--port"],
        _ASKING,
        {
            "envvar": "HOTRELOAD_PORT",
            "show_envvar": True,
            "help": "Device on a serial port, like /dev/ttyUSB0 or socket://localhost:5555.",
        },
        # As idf.py has it for flash and monitor, so that it may stand before or behind the command.
        {
            "envvar": "ESPPORT",
            "show_envvar": False,
            "scope": "global",
            "type": click.Path(),
            "default": None,
            "help": "Serial port; also for reload and watch, with CONFIG_HOTRELOAD_SERIAL.",
        },
    ),
    _Option(
        ["-p", "--port"],
        ["monitor"],
        {"envvar": "HOTRELOAD_PORT", "show_envvar": True, "required": True, "help": "Serial port."},
    ),
    _Option(
        ["--baud"],
        [*_ASKING, "monitor"],
        {
            "type": click.IntRange(1, 2**31 - 1),
            "help": "Of the port; default: as the build says, or 115200.",
        },
        None,
    ),
    _Option(
        ["--share"],
        ["monitor"],
        {
            "type": click.IntRange(0, 65535),
            "default": 0,
            "metavar": "TCP_PORT",
            "help": "Where others find the serial port; default: a free one.",
        },
    ),
    _Option(
        ["--wait"],
        _RELOADING,
        {
            "type": _Seconds(),
            "metavar": "SECONDS",
            "help": "Wait until the application has reloaded.",
        },
    ),
    _Option(
        ["-v", "--verbose"],
        _RELOADING,
        {"is_flag": True, "help": "Show the commands of the build."},
    ),
    _Option(
        ["--skip-build"],
        ["reload"],
        {"is_flag": True, "help": "Send the module as it was built last."},
    ),
    _Option(
        ["--whole"],
        _RELOADING,
        {"is_flag": True, "help": "Send the whole module, never a patch: variables start anew."},
    ),
    _Option(
        ["--all", "is_all"],
        _RELOADING,
        {"is_flag": True, "help": "All boards on the network with the firmware of the build."},
    ),
    _Option(
        ["--flash"],
        ["watch"],
        {"is_flag": True, "help": "When the firmware has changed, build and flash it, and go on."},
    ),
    _Option(
        ["--debounce"],
        ["watch"],
        {
            "type": _Seconds(),
            "default": 0.02,
            "show_default": True,
            "metavar": "SECONDS",
            "help": "How long the files must rest after a change.",
        },
    ),
    _Option(
        ["--json", "as_json"],
        ["status"],
        {"is_flag": True, "help": "Print the device's answer as it is."},
        None,
    ),
    _Option(
        ["--run"],
        ["gdb"],
        {"is_flag": True, "help": "Start GDB; without it, its command is printed."},
    ),
    _Option(["--gdb"], ["gdb"], {"help": "The GDB to use; default: the toolchain's."}),
    _Option(
        ["--remote"],
        ["gdb"],
        {
            "metavar": "HOST:PORT",
            "help": "Where the target's GDB server listens, like :3333 for OpenOCD.",
        },
    ),
]


def add_options(command: str) -> Callable[[Any], Any]:
    """Decorates the function of a command of click with its options."""

    def decorate(function: Any) -> Any:
        for option in reversed(_OPTIONS):
            if command in option.commands:
                function = click.option(*option.names, **option.settings)(function)
        return function

    return decorate


def idf_options(command: str) -> List[Dict[str, Any]]:
    """The same options as idf.py takes them from an extension."""
    return [
        {"names": option.names, **option.settings, **option.idf}
        for option in _OPTIONS
        if command in option.commands and option.idf is not None
    ]
