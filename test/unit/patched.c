/* SPDX-License-Identifier: MIT */
#include "patched.h"

#include <stdlib.h>

#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"

const hotreload_jump_t patched_jump = {.from = PATCHED_BETA, .to = PATCHED_TEXT + 8, .busy = 4};

module_spec_t patched_spec(void)
{
    static hotreload_status_t status;
    status = loaded_status();
    module_spec_t spec = module_spec_patch(status.running.base_sha256);
    spec.seed = 77;
    spec.jumps = &patched_jump;
    spec.jump_count = 1;
    return spec;
}

esp_err_t patched_store(const module_spec_t *spec)
{
    size_t size;
    uint8_t *file = module_build(spec, NULL, &size);
    esp_err_t error = hotreload_update_partition(FAKE_FLASH_LABEL, file, size);
    free(file);
    return error;
}

hotreload_status_t patched_apply(const module_spec_t *spec)
{
    assert_int_equal(patched_store(spec), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    return loaded_status();
}

uint32_t patched_beta_leads_to(void)
{
    const uint32_t at = loaded_status().text_run + PATCHED_BETA;
    const uint32_t code = module_get32(fake_port_text(at, 4));
    if ((code & 0xfffu) != 0x6fu) {
        return 0;
    }
    const uint32_t sign = (code >> 31) != 0 ? 0xfff00000u : 0;
    return at + (sign | (code & 0xff000u) | (code >> 9 & 0x800u) | (code >> 20 & 0x7feu));
}
