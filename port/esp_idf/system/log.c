/*
 * The log, and the end of a program that cannot go on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>

#include "esp_log.h"
#include "esp_system.h"
#include "port.h"

static const char tag[] = "hotreload";

void hotreload_port_log(hotreload_log_t level, const char *format, ...)
{
    char line[224];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    switch (level) {
    case HOTRELOAD_LOG_ERROR:
        ESP_LOGE(tag, "%s", line);
        break;
    case HOTRELOAD_LOG_WARNING:
        ESP_LOGW(tag, "%s", line);
        break;
    case HOTRELOAD_LOG_INFO:
        ESP_LOGI(tag, "%s", line);
        break;
    }
}

void hotreload_port_panic(const char *message)
{
    esp_system_abort(message); /* prints it, whatever the log level */
}
