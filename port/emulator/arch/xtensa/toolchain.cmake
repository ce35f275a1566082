# Toolchain file of the emulated Xtensa board with QEMU's core dc233c.
# SPDX-License-Identifier: MIT
set(BOARD_TOOLCHAIN xtensa-dc233c-elf)
include(${CMAKE_CURRENT_LIST_DIR}/windowed.cmake)
