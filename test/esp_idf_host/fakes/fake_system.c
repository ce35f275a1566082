/* SPDX-License-Identifier: MIT */
#include "fake_system.h"

#include "testing.h"
#include "esp_system.h"

jmp_buf *fake_abort_jump;
const char *fake_abort_details;

esp_reset_reason_t esp_reset_reason(void)
{
    return ESP_RST_POWERON;
}

void esp_system_abort(const char *details)
{
    fake_abort_details = details;
    if (fake_abort_jump != NULL) {
        longjmp(*fake_abort_jump, 1);
    }
    fail_msg("esp_system_abort: %s", details);
    abort();
}
