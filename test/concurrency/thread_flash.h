/*
 * Flash of the port for tests with threads: RAM with the rules of NOR flash, mapped in place, so
 * that ThreadSanitizer sees a writer that touches what is being read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef THREAD_FLASH_H
#define THREAD_FLASH_H

#include <stdint.h>

#define THREAD_FLASH_LABEL   "hotreload"
#define THREAD_FLASH_SECTOR  512u
#define THREAD_FLASH_SECTORS 32u

/** Erases it and gives it so many sectors. Nothing may be mapped. */
void thread_flash_begin(uint32_t sectors);
void thread_flash_expect_idle(void);

#endif
