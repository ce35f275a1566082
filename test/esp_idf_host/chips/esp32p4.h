/*
 * ESP32-P4: addresses of ESP-IDF's soc.h, and where the fake heap and its PSRAM are, as in
 * memory_layout.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHIP_H
#define CHIP_H

#define SOC_DRAM_LOW                       0x4FF00000
#define SOC_DRAM_HIGH                      0x4FFC0000
#define SOC_DIRAM_DRAM_LOW                 0x4FF00000
#define SOC_DIRAM_IRAM_LOW                 0x4FF00000
#define SOC_DIRAM_IRAM_HIGH                0x4FFC0000
#define SOC_DROM_LOW                       0x40000000
#define SOC_IROM_LOW                       0x40000000
#define SOC_CACHE_INTERNAL_MEM_VIA_L1CACHE 1

/* Each 32 KB. The code heap lies at its alias on the instruction bus. */
#define CHIP_DATA_HEAP  0x4FF80000
#define CHIP_CODE_HEAP  0x4FF80000
#define CHIP_CODE_ALIAS 0x4FF80000

/* 1 MB on either bus; 0: it cannot be used there. */
#define CHIP_PSRAM_DATA 0x48000000
#define CHIP_PSRAM_CODE 0x48000000

#endif
