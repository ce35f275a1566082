/*
 * Requests on the console: a task that reads it and hands everything to the core.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "lifecycle.h"
#include "port.h"
#include "sdkconfig.h"
#include "receive/serial_link.h"
#include "console/console.h"
#include "receiver.h"

#define IDLE_TIMEOUT_MS 10000u
#define READ_MS         100u                   /* a stop is noticed after this time */
#define PRIORITY        (tskIDLE_PRIORITY + 5) /* the default of the server's */

/** Only its own task touches the link and the piece. */
typedef struct {
    _Atomic bool stopping;
    _Atomic bool ended;
    hotreload_serial_link_t link;
    uint8_t piece[256]; /**< of the input */
} serial_t;

static _Atomic hotreload_lifecycle_t state = HOTRELOAD_STOPPED;
/** Set and freed only by whoever made the state HOTRELOAD_CHANGING, while there is no task. */
static serial_t *serial;

/** By one call: the console is locked for each call, so no line of the log lands in the frame. */
static void send_line(const char *line, size_t size)
{
    (void)!write(fileno(stdout), line, size);
}

/** Writes to the flash what was received into RAM. */
static void write_held_upload(void)
{
    hotreload_uploads_settle(&serial->stopping);
}

static void serve_console(void *argument)
{
    serial_t *self = argument;
    while (!self->stopping) {
        size_t size = hotreload_console_read(self->piece, sizeof self->piece, READ_MS);
        hotreload_serial_receive(&self->link, self->piece, size);
        hotreload_serial_check_idle(&self->link);
    }
    hotreload_serial_close(&self->link);
    self->ended = true;
    vTaskDelete(NULL);
}

static esp_err_t start_task(const hotreload_serial_config_t *config)
{
    const hotreload_serial_settings_t settings = {
        .partition_label = config->partition_label,
        .max_size = config->max_upload_size,
        .accept_replayed = hotreload_uploads_accept_replayed,
        .run_from_ram_first = hotreload_uploads_run_from_ram_first || config->run_from_ram_first,
        .idle_timeout_ms = IDLE_TIMEOUT_MS,
        .send = send_line,
        .finished = write_held_upload,
        .input = config->input,
        .input_context = config->input_context,
    };
    serial = calloc(1, sizeof *serial);
    if (serial == NULL) {
        return ESP_ERR_NO_MEM;
    }
    hotreload_serial_open(&serial->link, &settings);
    if (xTaskCreate(serve_console, "hotreload", CONFIG_HOTRELOAD_SERVER_STACK_SIZE, serial,
                    PRIORITY, NULL) != pdPASS) {
        free(serial);
        serial = NULL;
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}

static const char *explain_error(esp_err_t error)
{
    switch (error) {
    case ESP_ERR_INVALID_STATE:
        return "the application reads the console itself, with ESP-IDF's driver";
    case ESP_ERR_NO_MEM:
        return "not enough memory";
    default:
        return "its driver could not be installed";
    }
}

static esp_err_t start_console(const hotreload_serial_config_t *config)
{
    esp_err_t error = hotreload_requests_start("console", config->partition_label);
    if (error != ESP_OK) {
        return error;
    }
    error = hotreload_console_open();
    if (error == ESP_OK) {
        error = start_task(config);
        if (error != ESP_OK) {
            hotreload_console_close();
        }
    }
    if (error != ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "console not started: %s", explain_error(error));
    }
    return error;
}

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_STOPPED)) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t error = start_console(config);
    atomic_store(&state, error == ESP_OK ? HOTRELOAD_RUNNING : HOTRELOAD_STOPPED);
    if (error == ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "requests are taken on the console: --port");
    }
    return error;
}

esp_err_t hotreload_serial_stop(void)
{
    if (!hotreload_lifecycle_begin(&state, HOTRELOAD_RUNNING)) {
        return ESP_ERR_INVALID_STATE;
    }
    serial->stopping = true;
    while (!serial->ended) {
        vTaskDelay(1);
    }
    hotreload_console_close();
    free(serial);
    serial = NULL;
    vTaskDelay(2); /* time for the idle task to free the stack */
    atomic_store(&state, HOTRELOAD_STOPPED);
    return ESP_OK;
}
