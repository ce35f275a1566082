# Toolchain file of the emulated Xtensa board with the core of the ESP32: it has floating-point and
# boolean registers.
# SPDX-License-Identifier: MIT
set(BOARD_TOOLCHAIN xtensa-esp32-elf)
set(BOARD_FLOATING_POINT TRUE)
include(${CMAKE_CURRENT_LIST_DIR}/windowed.cmake)
