# What the toolchain files of the emulated Xtensa boards have in common: a windowed GCC with newlib,
# whose programs' names begin with BOARD_TOOLCHAIN.
# SPDX-License-Identifier: MIT
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR xtensa)

find_program(BOARD_GCC ${BOARD_TOOLCHAIN}-gcc
    HINTS $ENV{HOTRELOAD_TOOLCHAINS}/${BOARD_TOOLCHAIN}/bin)
if(NOT BOARD_GCC)
    message(FATAL_ERROR "${BOARD_TOOLCHAIN}-gcc is missing: put it on PATH, or name the folder "
        "that has ${BOARD_TOOLCHAIN} in the environment variable HOTRELOAD_TOOLCHAINS")
endif()
set(CMAKE_C_COMPILER ${BOARD_GCC})
find_program(BOARD_GXX ${BOARD_TOOLCHAIN}-g++
    HINTS $ENV{HOTRELOAD_TOOLCHAINS}/${BOARD_TOOLCHAIN}/bin)
if(BOARD_GXX) # dc233c's has no C++
    set(CMAKE_CXX_COMPILER ${BOARD_GXX})
endif()
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
