/* SPDX-License-Identifier: MIT */
#include "upload/settle.h"

#include "status.h"
#include "store/store.h"

bool hotreload_settle_piece(void)
{
    hotreload_reason_t reason = {0};
    bool more;
    if (hotreload_store_settle(&more, &reason) != ESP_OK) {
        hotreload_status_set_error(&reason);
    }
    return more;
}

void hotreload_settle_all(void)
{
    while (hotreload_settle_piece()) {
    }
}
