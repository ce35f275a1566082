/* SPDX-License-Identifier: MIT */
#include <stdbool.h> /* which the driver's header of ESP-IDF 6.0 lacks */

#include "driver/usb_serial_jtag.h"
#include "freertos/FreeRTOS.h"
#include "console/console.h"

esp_err_t hotreload_console_open(void)
{
    usb_serial_jtag_driver_config_t config = USB_SERIAL_JTAG_DRIVER_CONFIG_DEFAULT();
    config.rx_buffer_size = HOTRELOAD_CONSOLE_BUFFER;
    esp_err_t error = usb_serial_jtag_driver_install(&config);
    return error == ESP_OK || error == ESP_ERR_INVALID_STATE ? error : ESP_FAIL;
}

size_t hotreload_console_read(void *data, size_t size, uint32_t milliseconds)
{
    int taken = usb_serial_jtag_read_bytes(data, (uint32_t)size, pdMS_TO_TICKS(milliseconds));
    return taken > 0 ? (size_t)taken : 0;
}

void hotreload_console_close(void)
{
    (void)usb_serial_jtag_driver_uninstall();
}
