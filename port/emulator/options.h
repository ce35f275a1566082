/*
 * The command line of the emulated board, and its exit codes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BOARD_OPTIONS_H
#define BOARD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/** Exit code after a panic: that of a program ended by SIGABRT. */
#define BOARD_EXIT_PANIC 134

/** Exit code after a wrong command line, or when the board cannot be set up. */
#define BOARD_EXIT_USAGE 2

/** One kind of flash operation that fails on purpose. */
typedef struct {
    uint32_t read, write, erase; /**< which one since the start, from 1; 0: none */
} board_flash_fault_t;

/** Why the board starts, as the reset reason of a chip tells. */
typedef enum { BOARD_RESET_POWER_ON, BOARD_RESET_PANIC, BOARD_RESET_WATCHDOG } board_reset_t;

/** The command line. */
typedef struct {
    const char *flash_path;     /**< file that is the flash partition */
    uint32_t flash_size;        /**< bytes, for a file that does not exist yet */
    uint32_t ram_size;          /**< bytes for text and data of modules together */
    uint32_t port;              /**< for the application's server; 0: a free one */
    uint32_t max_upload;        /**< bytes, likewise */
    uint32_t idle_timeout_ms;   /**< the server gives up clients that are silent for so long */
    bool accept_replayed;       /**< X-Hotreload-HMAC alone is enough for an upload */
    bool ram_first;             /**< uploads run from RAM first and are stored afterwards */
    uint32_t settle_pause_ms;   /**< for the application, before each sector that is stored then */
    uint32_t poll_ms;           /**< period of the application's loop */
    board_flash_fault_t fault;  /**< flash operations that fail */
    board_reset_t reset_reason; /**< how the last run ended */
    uint32_t trial_ms;          /**< a new module is good after so long; 0: only by the program */
    bool slow_flash;            /**< erasing and writing take as long as on a chip */
    bool skip_sync;             /**< hotreload_port_sync() does nothing: to see what that breaks */
    const char *argument;       /**< for the application; "" when absent */
} board_options_t;

/** The command line, after board_init(); before that, the defaults. */
const board_options_t *board_options(void);

/**
 * Reads the command line; board_init() calls it. Ends the program after --help (0) and after a
 * mistake (BOARD_EXIT_USAGE), with a message.
 *
 * @param argc, argv  as main() got them; kept
 */
void board_options_parse(int argc, char **argv);

#endif
