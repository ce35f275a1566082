/* SPDX-License-Identifier: MIT */
#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"
#include "console/console.h"

#define CONSOLE ((uart_port_t)CONFIG_ESP_CONSOLE_UART_NUM)

esp_err_t hotreload_console_open(void)
{
    if (uart_is_driver_installed(CONSOLE)) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t error = uart_driver_install(CONSOLE, HOTRELOAD_CONSOLE_BUFFER, 0, 0, NULL, 0);
    return error == ESP_OK ? ESP_OK : ESP_FAIL;
}

/** The driver waits for all the bytes it is asked for. So take one byte, then those already there.
 */
size_t hotreload_console_read(void *data, size_t size, uint32_t milliseconds)
{
    size_t more = 0;
    uint8_t *bytes = data;
    if (uart_read_bytes(CONSOLE, bytes, 1, pdMS_TO_TICKS(milliseconds)) != 1) {
        return 0;
    }
    (void)uart_get_buffered_data_len(CONSOLE, &more);
    more = more < size - 1 ? more : size - 1;
    int taken = more > 0 ? uart_read_bytes(CONSOLE, bytes + 1, (uint32_t)more, 0) : 0;
    return taken > 0 ? 1 + (size_t)taken : 1;
}

void hotreload_console_close(void)
{
    (void)uart_driver_delete(CONSOLE);
}
