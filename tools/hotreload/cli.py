"""The command line. Each command imports what it needs: start-up time counts.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any, Callable, Iterable, Optional, Tuple

import click

from hotreload.defaults import DEBOUNCE
from hotreload.device.find_device import Where
from hotreload.errors import ToolError


class _Command(click.Command):
    """Shows a ToolError as one message and exits with 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ToolError as error:
            click.echo(f"hotreload: {error}", err=True)
            sys.exit(1)


class _Group(click.Group):
    command_class = _Command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Hot reload for ESP chips: change C code, and the running device executes it."""


@main.command()
@click.option("--build-dir", required=True, help="Directory with build.ninja.")
@click.option("--output", required=True, help="File to write.")
@click.argument("firmware")
def wraps(build_dir: str, output: str, firmware: str) -> None:
    """List the names that the link of FIRMWARE wraps. @FILE names a file that has its path."""
    from hotreload.module.link_options import write_wraps
    from hotreload.module.objects import expand_lists

    write_wraps(build_dir, expand_lists([firmware])[0], output)


@main.command()
@click.option("--build-dir", required=True, help="Directory that names of objects count from.")
@click.option("--wraps", "wraps_path", required=True, help="Names that the firmware's link wraps.")
@click.option("--output-dir", required=True, help="Directory for exports.txt and imports.ld.")
@click.argument("objects", nargs=-1, required=True)
def exports(build_dir: str, wraps_path: str, output_dir: str, objects: Tuple[str, ...]) -> None:
    """List what OBJECTS define and need. @FILE names a file with one object per line."""
    from hotreload.module.exports import write_exports
    from hotreload.module.objects import expand_lists

    write_exports(expand_lists(objects), wraps_path, build_dir, output_dir)


@main.command()
@click.option("--arch", required=True, help="riscv or xtensa.")
@click.option("--exports", "exports_path", required=True, help="exports.txt to read.")
@click.option("--output-dir", required=True, help="Directory for stubs.S and inline.S.")
def stubs(arch: str, exports_path: str, output_dir: str) -> None:
    """Write the stubs and the table for the firmware."""
    from hotreload.module.stubs import write_stubs

    write_stubs(arch, exports_path, output_dir)


@main.command()
@click.option("--output-dir", required=True, help="Directory for secret.key and secret.c.")
def secret(output_dir: str) -> None:
    """Make the secret that uploads are signed with, unless it is there."""
    from hotreload.device.secret import write_secret

    write_secret(output_dir)


@main.command()
@click.argument("description")
def link(description: str) -> None:
    """Link and pack the module. DESCRIPTION is the build directory or its hotreload.json."""
    from hotreload.checks.abi_guard import note_interface
    from hotreload.description import load_description
    from hotreload.lock import build_lock
    from hotreload.module.build import update_module
    from hotreload.module.firmware import FirmwareReader
    from hotreload.report import Steps

    read = load_description(description)
    with build_lock(read):
        update_module(read, FirmwareReader(), Steps(), note_interface)


_DEVICE_OPTIONS = (
    click.option(
        "--build",
        default="build",
        show_default=True,
        help="Build directory, or its hotreload.json.",
    ),
    click.option(
        "--url",
        envvar="HOTRELOAD_URL",
        show_envvar=True,
        help="Device, like http://192.168.1.100:8080; default: that of the build, else the only "
        "one on the network with its firmware.",
    ),
    click.option(
        "-p",
        "--port",
        envvar="HOTRELOAD_PORT",
        show_envvar=True,
        help="Device on a serial port, like /dev/ttyUSB0 or socket://localhost:5555.",
    ),
    click.option("--baud", type=int, help="Of the port; default: as the build says, or 115200."),
)
_RELOAD_OPTIONS = (
    *_DEVICE_OPTIONS,
    click.option(
        "--wait",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Wait until the application has reloaded.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show the commands of the build."),
)


def _add(options: Iterable[Any]) -> Callable[[Any], Any]:
    """Adds options to a command, in the order given."""

    def decorate(function: Any) -> Any:
        for option in reversed(list(options)):
            function = option(function)
        return function

    return decorate


def _where(url: Optional[str], port: Optional[str], baud: Optional[int]) -> Where:
    """The command line counts more than the environment."""
    if url and port:
        context = click.get_current_context()
        typed = click.core.ParameterSource.COMMANDLINE
        told = [name for name in ("url", "port") if context.get_parameter_source(name) == typed]
        if len(told) != 1:
            raise ToolError("--url and --port (HOTRELOAD_URL, HOTRELOAD_PORT) are both set: one")
        url, port = (url, None) if told == ["url"] else (None, port)
    return Where(url, port, baud)


@main.command()
@_add(_RELOAD_OPTIONS)
@click.option("--skip-build", is_flag=True, help="Send the module as it was built last.")
def reload(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    wait: Optional[float],
    verbose: bool,
    skip_build: bool,
) -> None:
    """Compile what changed and send the module to the device."""
    from hotreload.commands.reload import Options, reload_once

    reload_once(Options(build, _where(url, port, baud), skip_build, wait, verbose))


@main.command()
@_add(_RELOAD_OPTIONS)
@click.option(
    "--debounce",
    type=click.FloatRange(min=0),
    default=DEBOUNCE,
    show_default=True,
    metavar="SECONDS",
    help="How long the files must rest after a change.",
)
def watch(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    wait: Optional[float],
    verbose: bool,
    debounce: float,
) -> None:
    """Reload whenever a source file changes, until Ctrl+C."""
    from hotreload.commands.reload import Options
    from hotreload.commands.watch import watch as run

    run(Options(build, _where(url, port, baud), False, wait, verbose), debounce)


@main.command()
@_add(_DEVICE_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print the device's answer as it is.")
def status(
    build: str, url: Optional[str], port: Optional[str], baud: Optional[int], as_json: bool
) -> None:
    """Show what the device says about itself."""
    from hotreload.commands.status import show_status
    from hotreload.device.find_device import find_device

    with closing(find_device(_where(url, port, baud), build)) as device:
        show_status(device, build, as_json)


@main.command()
@click.option("-p", "--port", envvar="HOTRELOAD_PORT", show_envvar=True, required=True)
@click.option("--baud", type=int, help="Default: as the build says, or 115200.")
@click.option("--build", default="build", show_default=True, help="Build directory.")
@click.option(
    "--share",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="TCP_PORT",
    help="Where others find the serial port; default: a free one.",
)
def monitor(port: str, baud: Optional[int], build: str, share: int) -> None:
    """Show the log of a serial port, and share it with the other commands and with idf.py monitor.

    Addresses in the module are explained. What is typed goes to the device, line by line.
    """
    from hotreload.commands.monitor import know_module
    from hotreload.commands.serial_monitor import run_monitor
    from hotreload.device.find_device import console_baud

    with know_module(build):
        run_monitor(port, baud or console_baud(build), share)


@main.command("idf-ext")
@click.option(
    "--project-dir", default=".", show_default=True, help="Directory of an ESP-IDF project."
)
def idf_ext(project_dir: str) -> None:
    """Write idf_ext.py, by which idf.py of ESP-IDF 5 knows reload and watch."""
    from hotreload.idf_extension import install

    path = install(project_dir)
    click.echo(f"idf.py reload and idf.py watch are there by {path}")


@main.command()
@_add(_DEVICE_OPTIONS)
@click.option("--run", is_flag=True, help="Start GDB; without it, its command is printed.")
@click.option("--gdb", "program", help="The GDB to use; default: the toolchain's.")
@click.option("--remote", metavar="HOST:PORT", help="Where the target's GDB server listens.")
def gdb(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    run: bool,
    program: Optional[str],
    remote: Optional[str],
) -> None:
    """Debug the module: print the GDB command that has its symbols where it runs."""
    from hotreload.commands.gdb import show_gdb

    show_gdb(build, _where(url, port, baud), run, program, remote)


@main.command()
@_add(_DEVICE_OPTIONS)
def decode(build: str, url: Optional[str], port: Optional[str], baud: Optional[int]) -> None:
    """Copy a log from the input, and explain the addresses in it that lie in the module.

    Where the module runs is learnt from the log's own lines; with --url or --port, at first from
    the device.
    """
    from hotreload.commands.decode import Decoder, decode_lines
    from hotreload.description import load_description

    placement = None
    if url or port:
        from hotreload.commands.placed import placement_of
        from hotreload.device.find_device import find_device

        with closing(find_device(_where(url, port, baud), build)) as device:
            placement = placement_of(device.status())
    for line in decode_lines(sys.stdin, Decoder(load_description(build), placement)):
        click.echo(line)
