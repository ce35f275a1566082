# The chips that hotreload supports, one row each. docs/adding-a-chip.md says where to look up the
# columns. test/tree/test_chips.py compares Kconfig, idf_component.yml, README.md and the example's
# presets with this table.
#
# SPDX-License-Identifier: MIT

# chip     IDF_TARGET
# arch     riscv or xtensa
# cores    how many
# since    first ESP-IDF version that supports the chip
# address  where text in internal memory is written: `same` address as it runs at, or on the other
#          bus of a `dual_bus`
# psram    how the instruction bus sees text in PSRAM: `direct`, or by the `mmu`; `data`: it does not, but
#          data can be there; `none`: there is no PSRAM
# from     first ESP-IDF version with which text in PSRAM works; `-`: all that support the chip
# cache    `yes`: text may be in memory that is read through a cache
# flash    bytes of flash that the component takes in examples/basic, in KB (1024 bytes); `-`: not measured
# shown    what was tried, for README.md: `neither`, or by ESP-IDF version `ran: ...`, `ran in QEMU: ...`,
#          `compiled: ...`, with ` / ` between
set(HOTRELOAD_CHIPS
    # chip    | arch   | cores | since | address  | psram  | from | cache | flash | shown
    "esp32c3  | riscv  | 1     | 5.0   | dual_bus | none   | -    | no    | 40.5  | ran in QEMU: ESP-IDF 5.0.9, 5.1.7, 5.4.4, 6.0.1"
    "esp32c2  | riscv  | 1     | 5.0   | dual_bus | none   | -    | no    | -     | compiled: ESP-IDF 5.1.7"
    "esp32c6  | riscv  | 1     | 5.1   | same     | none   | -    | no    | -     | compiled: ESP-IDF 5.1.7"
    "esp32h2  | riscv  | 1     | 5.1   | same     | none   | -    | no    | -     | compiled: ESP-IDF 5.1.7"
    "esp32c5  | riscv  | 1     | 5.5   | same     | direct | -    | yes   | -     | neither"
    "esp32c61 | riscv  | 1     | 5.5   | same     | direct | -    | yes   | -     | neither"
    "esp32p4  | riscv  | 2     | 5.3   | same     | direct | -    | yes   | -     | neither"
    "esp32s3  | xtensa | 2     | 5.0   | dual_bus | direct | -    | yes   | -     | ran in QEMU: ESP-IDF 5.1.7"
    "esp32s2  | xtensa | 1     | 5.0   | dual_bus | mmu    | 5.1  | yes   | -     | compiled: ESP-IDF 5.1.7"
    "esp32    | xtensa | 2     | 5.0   | same     | data   | -    | no    | 35.0  | ran in QEMU: ESP-IDF 5.1.7")

# Options under which code in the heap cannot run, of all chips: that of ESP-IDF 6 first, because
# ESP-IDF 6 has the others as well, without showing them.
set(HOTRELOAD_MEMORY_PROTECTION CONFIG_ESP_SYSTEM_MEMPROT CONFIG_ESP_SYSTEM_MEMPROT_FEATURE
    CONFIG_ESP_SYSTEM_PMP_IDRAM_SPLIT)

# hotreload_find_chip(<prefix> <IDF_TARGET>): sets <prefix>_<column> for the columns of its row.
function(hotreload_find_chip prefix target)
    set(columns arch cores since address psram from cache flash shown)
    foreach(row IN LISTS HOTRELOAD_CHIPS)
        string(REGEX REPLACE " *\\| *" ";" row "${row}")
        list(POP_FRONT row chip)
        if(chip STREQUAL target)
            foreach(column IN LISTS columns)
                list(POP_FRONT row value)
                set(${prefix}_${column} "${value}" PARENT_SCOPE)
            endforeach()
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "hotreload does not support ${target}")
endfunction()
