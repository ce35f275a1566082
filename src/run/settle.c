/* SPDX-License-Identifier: MIT */
#include "run/settle.h"

#include "port.h"
#include "run/status.h"
#include "store/store.h"

esp_err_t hotreload_settle_piece(bool *more)
{
    hotreload_reason_t reason;
    hotreload_reason_clear(&reason);
    hotreload_settled_t settled;
    esp_err_t error = hotreload_store_settle(&settled, &reason);
    *more = settled.more;
    if (error != ESP_OK) {
        hotreload_status_set_error(&reason);
        hotreload_port_log(HOTRELOAD_LOG_ERROR, "module %u stays in RAM, it was not stored: %s",
                           (unsigned)settled.sequence, reason.text);
    } else if (settled.sequence != 0 && !settled.more) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "module %u stored, %u bytes",
                           (unsigned)settled.sequence, (unsigned)settled.size);
    }
    return error;
}

esp_err_t hotreload_settle_all(void)
{
    bool more;
    esp_err_t error;
    do {
        error = hotreload_settle_piece(&more);
    } while (error == ESP_OK && more);
    return error;
}
