/* SPDX-License-Identifier: MIT */
#include "esp_err.h"

#include <stddef.h>
#include <stdio.h>

#include "port.h"

#define ERROR_NAME(error)                                                                          \
    {                                                                                              \
        error, #error                                                                              \
    }

static const struct {
    esp_err_t error;
    const char *name;
} error_names[] = {
    ERROR_NAME(ESP_OK),
    ERROR_NAME(ESP_FAIL),
    ERROR_NAME(ESP_ERR_NO_MEM),
    ERROR_NAME(ESP_ERR_INVALID_ARG),
    ERROR_NAME(ESP_ERR_INVALID_STATE),
    ERROR_NAME(ESP_ERR_INVALID_SIZE),
    ERROR_NAME(ESP_ERR_NOT_FOUND),
    ERROR_NAME(ESP_ERR_NOT_SUPPORTED),
    ERROR_NAME(ESP_ERR_TIMEOUT),
    ERROR_NAME(ESP_ERR_INVALID_RESPONSE),
    ERROR_NAME(ESP_ERR_INVALID_CRC),
    ERROR_NAME(ESP_ERR_INVALID_VERSION),
    ERROR_NAME(ESP_ERR_INVALID_MAC),
    ERROR_NAME(ESP_ERR_NOT_FINISHED),
    ERROR_NAME(ESP_ERR_FLASH_OP_FAIL),
    ERROR_NAME(ESP_ERR_HOTRELOAD_TASK_INSIDE),
    ERROR_NAME(ESP_ERR_HOTRELOAD_NOT_LOADED),
};

const char *esp_err_to_name(esp_err_t error)
{
    for (size_t i = 0; i < sizeof error_names / sizeof error_names[0]; i++) {
        if (error_names[i].error == error) {
            return error_names[i].name;
        }
    }
    return "UNKNOWN ERROR";
}

void esp_error_check_failed(esp_err_t error, const char *file, int line, const char *expression)
{
    char message[256];
    snprintf(message, sizeof message, "ESP_ERROR_CHECK failed: %s (0x%x) at %s:%d: %s",
             esp_err_to_name(error), (unsigned)error, file, line, expression);
    hotreload_port_panic(message);
}
