/* SPDX-License-Identifier: MIT */
#include "run/upload_check.h"

#include <string.h>

#include "loader/loader.h"
#include "run/status.h"

esp_err_t hotreload_check_upload(const void *data, size_t size, uint32_t *base,
                                 hotreload_reason_t *reason)
{
    hotreload_image_t image;
    esp_err_t error = hotreload_loader_verify(data, size, &image, reason);
    if (error != ESP_OK || image.base_sha256 == NULL) {
        return error;
    }
    hotreload_status_t status;
    hotreload_status_get(&status);
    const hotreload_running_t *running = &status.running;
    if (running->base == 0 ||
        memcmp(image.base_sha256, running->base_sha256, sizeof running->base_sha256) != 0) {
        return hotreload_fail(
            reason, ESP_ERR_INVALID_VERSION,
            "a patch of another base than the one that runs: send a whole module");
    }
    *base = running->base;
    return ESP_OK;
}
