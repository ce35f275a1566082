"""Commands end by Ctrl+C wherever they were started. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import os
import signal
import time

import pytest

from hotreload.interrupt import end_by_interrupt


def test_background_command_of_a_shell_ends_by_an_interrupt() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        end_by_interrupt()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)  # Until the signal has come.
    finally:
        signal.signal(signal.SIGINT, before)
