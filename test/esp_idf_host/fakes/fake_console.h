/*
 * The console's drivers, UART and USB-Serial/JTAG, and tasks: a test types, and sees what is
 * written.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_CONSOLE_H
#define FAKE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#define FAKE_CONSOLE_UART 1

typedef struct {
    bool installed;
    int install_result;
    unsigned rx_buffer; /**< bytes, of the last installation */
    bool tx_buffer;     /**< of the UART: the log would go through the driver */
    bool create_task_fails;
    unsigned tasks;     /**< that run */
    char written[4096]; /**< by single calls of write(), to standard output */
    size_t written_size;
    unsigned writes;
} fake_console_t;

extern fake_console_t fake_console;

void fake_console_reset(void);

/** Input of the console, as if at once. */
void fake_console_type(const void *data, size_t size);

/** Waits until write() was called so often since the reset; fails the test if it is not. */
void fake_console_wait(unsigned writes);

/** Waits until no task runs: the real one ends within the two ticks that a stop waits at last. */
void fake_console_wait_ended(void);

/** Waits until all that was typed is taken, and the task waits for more. */
void fake_console_wait_idle(void);

#endif
