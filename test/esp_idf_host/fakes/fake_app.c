/* SPDX-License-Identifier: MIT */
#include "fake_app.h"

#include "esp_app_desc.h"

const esp_app_desc_t *esp_app_get_description(void)
{
    static const esp_app_desc_t description = {.project_name = "blinky",
                                               .app_elf_sha256 = FAKE_APP_SHA256};
    return &description;
}
