"""Runs the Unity tests of this application with pytest-embedded.

On a board:

    idf.py --preset esp32c3-hardware build
    pytest test_hotreload.py::test_hotreload_unit_tests_hardware -v -s \\
        --embedded-services esp,idf --port /dev/ttyUSB0 --target esp32c3 \\
        --build-dir build/esp32c3-hardware

In Espressif's QEMU (esp32, esp32c3):

    idf.py --preset esp32c3-qemu build
    pytest test_hotreload.py::test_hotreload_unit_tests_qemu -v -s \\
        --target esp32c3 --build-dir build/esp32c3-qemu

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip(
    "pytest_embedded",
    reason="needs pytest-embedded: pip install pytest-embedded-serial-esp pytest-embedded-idf "
    "pytest-embedded-qemu",
)

_SECONDS = 180


def test_hotreload_unit_tests_hardware(dut: Any) -> None:
    """On a board, which is flashed first."""
    dut.expect_unity_test_output(timeout=_SECONDS)


@pytest.mark.parametrize("embedded_services", ["idf,qemu"], indirect=True)
def test_hotreload_unit_tests_qemu(dut: Any) -> None:
    """In QEMU."""
    dut.expect_unity_test_output(timeout=_SECONDS)
