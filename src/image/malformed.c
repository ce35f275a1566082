/* SPDX-License-Identifier: MIT */
#include "image/malformed.h"

esp_err_t hotreload_malformed(hotreload_reason_t *reason, hotreload_defect_t defect)
{
    const esp_err_t error =
        defect < HOTRELOAD_BAD_TABLE_OUTSIDE ? ESP_ERR_INVALID_RESPONSE : ESP_ERR_INVALID_SIZE;
    return hotreload_fail(reason, error, "malformed module (defect %u)", defect);
}
