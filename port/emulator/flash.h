/*
 * The flash of the emulated board: a file that is the partition "hotreload".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_FLASH_H
#define BOARD_FLASH_H

#include <stdbool.h>

/** Opens the file, creating it erased when it is missing. @return false: failed, with a message */
bool board_flash_init(void);

#endif
