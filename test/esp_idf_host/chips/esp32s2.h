/*
 * ESP32-S2: addresses of ESP-IDF's soc.h, and where the fake heap and its PSRAM are, as in
 * memory_layout.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHIP_H
#define CHIP_H

#define SOC_DRAM_LOW        0x3FFB0000
#define SOC_DRAM_HIGH       0x40000000
#define SOC_DIRAM_DRAM_LOW  0x3FFB0000
#define SOC_DIRAM_IRAM_LOW  0x40020000
#define SOC_DIRAM_IRAM_HIGH 0x40070000
#define SOC_DROM_LOW        0x3F000000
#define SOC_IROM_LOW        0x40080000

/* Each 32 KB. The code heap lies at its alias on the instruction bus. */
#define CHIP_DATA_HEAP  0x3FFB8000
#define CHIP_CODE_HEAP  0x3FFB8000
#define CHIP_CODE_ALIAS 0x40028000

/* 1 MB on either bus; 0: it cannot be used there. */
#define CHIP_PSRAM_DATA 0x3F800000
#define CHIP_PSRAM_CODE 0x40500000

#endif
