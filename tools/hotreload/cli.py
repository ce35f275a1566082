"""The command line. Each command imports what it needs: start-up time counts."""

from __future__ import annotations

import sys
from typing import Any, Tuple

import click

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
@click.option("--output-dir", required=True, help="Directory for exports.txt and imports.ld.")
@click.argument("objects", nargs=-1, required=True)
def exports(output_dir: str, objects: Tuple[str, ...]) -> None:
    """List what OBJECTS define and need. @FILE names a file with one object per line."""
    from hotreload.exports import write_exports
    from hotreload.objects import expand_lists

    write_exports(expand_lists(objects), output_dir)


@main.command()
@click.option("--arch", required=True, help="riscv or xtensa.")
@click.option("--exports", "exports_path", required=True, help="exports.txt to read.")
@click.option("--output", required=True, help="Assembly source to write.")
def stubs(arch: str, exports_path: str, output: str) -> None:
    """Write the stubs and the table for the firmware."""
    from hotreload.stubs import write_stubs

    write_stubs(arch, exports_path, output)


@main.command()
@click.option("--output-dir", required=True, help="Directory for secret.key and secret.c.")
def secret(output_dir: str) -> None:
    """Make the secret that uploads are signed with, unless it is there."""
    from hotreload.secret import write_secret

    write_secret(output_dir)


@main.command()
@click.argument("description")
def link(description: str) -> None:
    """Link and pack the module. DESCRIPTION is the build directory or its hotreload.json."""
    from hotreload.build import link_and_pack
    from hotreload.description import load_description

    link_and_pack(load_description(description))
