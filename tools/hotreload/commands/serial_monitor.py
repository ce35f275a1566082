"""The command `monitor`: the log of a serial port, which others can use at the same time.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
import threading

import click

from hotreload.device.serial_line import SerialLine
from hotreload.device.serial_share import Share
from hotreload.errors import ToolError
from hotreload.interrupt import end_by_interrupt


def run_monitor(port: str, baud: int, tcp_port: int) -> None:
    """Runs until Ctrl+C or until the port is lost."""
    interrupted = threading.Event()
    end_by_interrupt(interrupted.set)
    line = SerialLine(port, baud)
    share = Share(line, tcp_port)
    try:
        click.echo(f"{port} at {baud} baud. Ctrl+C stops.")
        click.echo(f"Meanwhile reload, watch and status with --port {port} share it,")
        click.echo(f"and so does idf.py monitor --no-reset -p {share.url}")
        line.on_log = lambda log: _show(log, share, interrupted)
        threading.Thread(target=_type, args=(line,), daemon=True).start()
        line.wait(interrupted)
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    finally:
        share.close()
        line.close()


def _show(log: bytes, share: Share, end: threading.Event) -> None:
    share.show(log)
    try:
        sys.stdout.buffer.write(log)
        sys.stdout.buffer.flush()
    except OSError:  # Whoever read the output has gone, as head does.
        end.set()


def _type(line: SerialLine) -> None:
    try:
        for text in sys.stdin.buffer:
            line.send(text)
    except ToolError:
        pass  # The port is lost, and wait() says so.
