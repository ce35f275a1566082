"""The command line. Each command imports what it needs, so that it starts fast.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any, Optional, Tuple

import click

from hotreload import __version__
from hotreload.device.find_device import Where
from hotreload.errors import ToolError, lacks_package
from hotreload.options import add_options


class _Command(click.Command):
    """Shows an error as one message and exits with 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ToolError as error:
            message = str(error)
        except ModuleNotFoundError as error:  # Packages are imported when they are needed.
            message = lacks_package(error)
        click.echo(f"hotreload: {message}", err=True)
        sys.exit(1)


class _Group(click.Group):
    command_class = _Command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hotreload")
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
    from hotreload.checks.abi_guard import AbiGuard
    from hotreload.description import load_description
    from hotreload.lock import build_lock
    from hotreload.builder import ModuleBuilder, write_partition_image
    from hotreload.module.firmware_reader import FirmwareReader
    from hotreload.report import Steps

    read = load_description(description)
    builder = ModuleBuilder(FirmwareReader(), AbiGuard().note)
    with build_lock(read):
        write_partition_image(read, builder.update(read, Steps()))
    builder.save()


def _where(
    url: Optional[str], port: Optional[str], baud: Optional[int], is_all: bool = False
) -> Where:
    """The command line takes precedence over the environment."""
    context = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    told = [name for name in ("url", "port") if context.get_parameter_source(name) == typed]
    if is_all:
        return Where(url if "url" in told else None, port if "port" in told else None, baud, True)
    if url and port:
        if len(told) != 1:
            raise ToolError("--url and --port (HOTRELOAD_URL, HOTRELOAD_PORT) are both set: one")
        url, port = (url, None) if told == ["url"] else (None, port)
    return Where(url, port, baud)


@main.command()
@add_options("reload")
def reload(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    wait: Optional[float],
    verbose: bool,
    skip_build: bool,
    whole: bool,
    is_all: bool,
) -> None:
    """Compile what changed and send it to the device: as a patch if that can be, else all of it."""
    from hotreload.commands.reload import reload_once
    from hotreload.commands.update import Options

    where = _where(url, port, baud, is_all)
    reload_once(Options(build, where, skip_build, wait, verbose, whole))


@main.command()
@add_options("watch")
def watch(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    wait: Optional[float],
    verbose: bool,
    whole: bool,
    is_all: bool,
    flash: bool,
    debounce: float,
) -> None:
    """Reload whenever a source file changes, until Ctrl+C."""
    from hotreload.commands.update import Options
    from hotreload.commands.watch import watch as run

    where = _where(url, port, baud, is_all)
    run(Options(build, where, False, wait, verbose, whole, flash), debounce)


@main.command()
@add_options("status")
def status(
    build: str, url: Optional[str], port: Optional[str], baud: Optional[int], as_json: bool
) -> None:
    """Show what the device says about itself."""
    from hotreload.commands.status import show_status
    from hotreload.device.find_device import find_device

    with closing(find_device(_where(url, port, baud), build)) as device:
        show_status(device, build, as_json)


@main.command()
@add_options("monitor")
def monitor(port: str, baud: Optional[int], build: str, share: int) -> None:
    """Show the log of a serial port, and share it with the other commands and with idf.py monitor.

    Addresses in the module are explained. What is typed goes to the device, line by line.
    """
    from hotreload.commands.monitor import explain_module_addresses
    from hotreload.commands.serial_monitor import run_monitor
    from hotreload.device.find_device import console_baud

    with explain_module_addresses(build):
        run_monitor(port, baud or console_baud(build), share)


@main.command("idf-ext")
@click.option(
    "--project-dir", default=".", show_default=True, help="Directory of an ESP-IDF project."
)
def idf_ext(project_dir: str) -> None:
    """Write idf_ext.py into a project, by which idf.py knows reload and watch."""
    from hotreload.idf_extension import install_project_extension

    path = install_project_extension(project_dir)
    click.echo(f"idf.py reload and idf.py watch are there by {path}")


@main.command("gdb")
@add_options("gdb")
def print_gdb_command(
    build: str,
    url: Optional[str],
    port: Optional[str],
    baud: Optional[int],
    run: bool,
    gdb: Optional[str],
    remote: Optional[str],
) -> None:
    """Debug the module: print the GDB command that has its symbols where it runs."""
    from hotreload.commands.gdb import show_gdb

    show_gdb(build, _where(url, port, baud), run, gdb, remote)


@main.command()
@add_options("decode")
def decode(build: str, url: Optional[str], port: Optional[str], baud: Optional[int]) -> None:
    """Copy a log from the input, and explain the addresses in it that lie in the module.

    Where the module runs is learnt from the log's own lines; with --url or --port, at first from
    the device.
    """
    from hotreload.commands.decode import ASSUMED, Decoder, decode_lines
    from hotreload.commands.placed import Placements, read_placements
    from hotreload.description import load_description

    placements = Placements()
    if url or port:
        from hotreload.device.find_device import find_device

        with closing(find_device(_where(url, port, baud), build)) as device:
            placements = read_placements(device.status())
            click.echo(ASSUMED, err=True)
    for line in decode_lines(sys.stdin, Decoder(load_description(build), placements)):
        click.echo(line)
