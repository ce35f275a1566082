/*
 * Input from the console through ESP-IDF's driver: console_uart.c or console_usb_jtag.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_CONSOLE_H
#define HOTRELOAD_ESP_IDF_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

/** Holds the longest request: the driver receives while the task is busy. */
#define HOTRELOAD_CONSOLE_BUFFER 1024

/**
 * Installs the driver. The log goes out as before, without it.
 *
 * @return ESP_OK; ESP_ERR_INVALID_STATE: the application has installed it; ESP_FAIL
 */
esp_err_t hotreload_console_open(void);

/** Waits for input, then takes what is there. @return bytes, at most `size`; 0: none came */
size_t hotreload_console_read(void *data, size_t size, uint32_t milliseconds);

/** Removes the driver. */
void hotreload_console_close(void);

#endif
