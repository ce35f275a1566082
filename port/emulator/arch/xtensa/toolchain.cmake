# Toolchain file of the emulated Xtensa board: a windowed GCC for QEMU's core dc233c, with newlib.
# SPDX-License-Identifier: MIT
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR xtensa)

find_program(BOARD_GCC xtensa-dc233c-elf-gcc
    HINTS $ENV{HOTRELOAD_TOOLCHAINS}/xtensa-dc233c-elf/bin)
if(NOT BOARD_GCC)
    message(FATAL_ERROR "xtensa-dc233c-elf-gcc is missing: put it on PATH, or name the folder that "
        "has xtensa-dc233c-elf in the environment variable HOTRELOAD_TOOLCHAINS")
endif()
set(CMAKE_C_COMPILER ${BOARD_GCC})
set(CMAKE_ASM_COMPILER ${BOARD_GCC})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # nothing links before the board is there

set(BOARD_ARCH xtensa)
set(BOARD_ABI 3) # HOTRELOAD_ABI_XTENSA_WINDOWED
set(BOARD_MACHINE_FLAGS -mlongcalls)
set(BOARD_LIBC_FLAGS "")
set(BOARD_LIBRARIES -nostdlib -lc -lm -lgcc) # GCC's own list has libraries that are not there
set(BOARD_LIBC_SOURCE libc/newlib.c)
set(BOARD_LINKER_FLAGS "")     # when ld itself links the module
set(BOARD_TEXT_READABLE FALSE) # as on chips, whose instruction memory has no bytes
set(BOARD_QEMU qemu-xtensa)
