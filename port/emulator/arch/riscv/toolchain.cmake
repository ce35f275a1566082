# Toolchain file of the emulated RISC-V board: Debian's gcc-riscv64-unknown-elf with picolibc.
# SPDX-License-Identifier: MIT
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)

find_program(BOARD_GCC riscv64-unknown-elf-gcc)
if(NOT BOARD_GCC)
    message(FATAL_ERROR "riscv64-unknown-elf-gcc is missing; on Debian: "
        "apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf")
endif()
execute_process(COMMAND ${BOARD_GCC} -print-file-name=picolibc.specs
    OUTPUT_VARIABLE picolibc_specs OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS ${picolibc_specs})
    message(FATAL_ERROR "picolibc is missing; on Debian: "
        "apt-get install picolibc-riscv64-unknown-elf")
endif()
set(CMAKE_C_COMPILER ${BOARD_GCC})
string(REGEX REPLACE "gcc$" "g++" CMAKE_CXX_COMPILER ${BOARD_GCC})
set(CMAKE_ASM_COMPILER ${BOARD_GCC})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # nothing links before the board is there

set(BOARD_ARCH riscv)
set(BOARD_ABI 1) # HOTRELOAD_ABI_RISCV_ILP32
set(BOARD_MACHINE_FLAGS -march=rv32imac -mabi=ilp32)
set(BOARD_LIBC_FLAGS --specs=picolibc.specs)
set(BOARD_LIBC_SOURCE libc/picolibc.c)
set(BOARD_LINKER_FLAGS -m elf32lriscv) # when ld itself links the module
set(BOARD_TEXT_READABLE TRUE)          # libgcc there is position-independent code (medany)
