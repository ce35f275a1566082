/* SPDX-License-Identifier: MIT */
#include "serial.h"

#include <stdlib.h>

#include "hotreload.h"
#include "options.h"
#include "port.h"
#include "receive/serial_link.h"
#include "settle_timer.h"

#define STANDARD_INPUT  0
#define STANDARD_OUTPUT 1

typedef struct {
    bool ended; /**< nothing can come any more */
    hotreload_serial_link_t link;
    uint8_t piece[512];
} serial_t;

static serial_t *serial; /* NULL: not started */

/** Bypasses the log's buffer, which may hold an incomplete line. */
static void send(const char *line, size_t size)
{
    (void)linux_write_all(STANDARD_OUTPUT, line, size);
}

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    if (config == NULL || config->partition_label == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (serial != NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t error = hotreload_requests_start("console", config->partition_label);
    if (error != ESP_OK) {
        return error;
    }
    serial = calloc(1, sizeof *serial);
    if (serial == NULL) {
        return ESP_ERR_NO_MEM;
    }
    const hotreload_serial_settings_t settings = {
        .partition_label = config->partition_label,
        .max_size = config->max_upload_size,
        .accept_replayed = board_options()->accept_replayed,
        .idle_timeout_ms = board_options()->idle_timeout_ms,
        .run_from_ram_first = config->run_from_ram_first,
        .send = send,
        .finished = board_settle_begin,
        .input = config->input,
        .input_context = config->input_context,
    };
    hotreload_serial_open(&serial->link, &settings);
    return ESP_OK;
}

esp_err_t hotreload_serial_stop(void)
{
    if (serial == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    hotreload_serial_close(&serial->link);
    free(serial);
    serial = NULL;
    return ESP_OK;
}

linux_poll_t board_serial_wanted(void)
{
    bool reads = serial != NULL && !serial->ended;
    return (linux_poll_t){.socket = reads ? STANDARD_INPUT : -1, .wanted = LINUX_POLL_IN};
}

void board_serial_serve(const linux_poll_t *poll)
{
    if (serial == NULL) {
        return;
    }
    if (poll->happened != 0) {
        int size = linux_read(STANDARD_INPUT, serial->piece, sizeof serial->piece);
        serial->ended = size <= 0 && size != -LINUX_EINTR && size != -LINUX_EAGAIN;
        if (size > 0) {
            hotreload_serial_receive(&serial->link, serial->piece, (size_t)size);
        }
    }
    hotreload_serial_check_idle(&serial->link);
}
