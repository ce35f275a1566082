/* SPDX-License-Identifier: MIT */
#include "loader_steps.h"
#include "old_module.h"

#include "testing.h"
#include "fake_port.h"

#define OLD_SEED 0x01d01d01u

static staged_t old;
static unsigned old_allocations;
static size_t old_bytes;

int old_module_set_up(void **state)
{
    fake_port_reset();
    hotreload_loader_unbind();
    module_spec_t spec = module_spec_default();
    spec.seed = OLD_SEED;
    old = stage_spec(&spec);
    commit_module(&old.image, &old.module);
    old_allocations = fake_port.live_allocations;
    old_bytes = fake_port.live_bytes;
    old_module_expect_running();
    return 0;
}

int old_module_tear_down(void **state)
{
    old_module_expect_running();
    hotreload_loader_unbind();
    staged_drop(&old);
    fake_port_expect_idle();
    return 0;
}

void old_module_rebind(void)
{
    commit_module(&old.image, &old.module);
}

void old_module_expect_running(void)
{
    const uint32_t *slots = hotreload_firmware_table.slots;
    const uint32_t text = old.module.text.run;
    const uint32_t data = old.module.data.run;
    static const uint8_t bss[8];
    assert_int_equal(slots[0], text);
    assert_int_equal(slots[1], text + 0x10);
    assert_int_equal(slots[2], text + 0x20);
    assert_memory_equal(fake_port_text(text, 64), old.file + old.layout.text, 64);
    assert_memory_equal(fake_port_data(data, 24), old.file + old.layout.data, 16);
    assert_memory_equal(fake_port_data(data + 16, 8), bss, 8);
    assert_int_equal(fake_port.live_allocations, old_allocations);
    assert_int_equal(fake_port.live_bytes, old_bytes);
    assert_int_equal(fake_port.call_count, 0);
}

void expect_words(const hotreload_reason_t *reason, const char *words)
{
    if (strstr(reason->text, words) == NULL) {
        fail_msg("the reason \"%s\" does not say \"%s\"", reason->text, words);
    }
}

void expect_not_staged(const void *data, size_t size, esp_err_t error, const char *words)
{
    hotreload_image_t image;
    hotreload_module_t staged;
    hotreload_reason_t reason = {0};
    esp_err_t result = hotreload_loader_stage(data, size, 0, &image, &staged, &reason);
    if (result != error) {
        fail_msg("%s and not %s: %s", esp_err_to_name(result), esp_err_to_name(error), reason.text);
    }
    expect_words(&reason, words);
    assert_null(staged.text.write);
    assert_null(staged.data.write);
    assert_int_equal(staged.fini_count, 0);
    old_module_expect_running();
}

void expect_refused(const void *data, size_t size, esp_err_t error, const char *words)
{
    hotreload_reason_t reason = {0};
    hotreload_image_t image;
    unsigned allocations = fake_port.allocations;
    assert_int_equal(hotreload_loader_verify(data, size, &image, &reason), error);
    assert_int_equal(fake_port.allocations, allocations);
    expect_words(&reason, words);
    expect_not_staged(data, size, error, words);
}

void expect_spec_refused(const module_spec_t *spec, esp_err_t error, const char *words)
{
    size_t size;
    uint8_t *file = module_build(spec, NULL, &size);
    expect_refused(file, size, error, words);
    free(file);
}

staged_t stage_spec(const module_spec_t *spec)
{
    staged_t staged;
    hotreload_reason_t reason = {0};
    staged.file = module_build(spec, &staged.layout, &staged.size);
    assert_int_equal(hotreload_loader_verify(staged.file, staged.size, &staged.image, &reason),
                     ESP_OK);
    esp_err_t error =
        hotreload_loader_stage(staged.file, staged.size, 0, &staged.image, &staged.module, &reason);
    if (error != ESP_OK) {
        fail_msg("not staged: %s", reason.text);
    }
    return staged;
}

void staged_drop(staged_t *staged)
{
    hotreload_segments_free(&staged->module);
    free(staged->file);
    staged->file = NULL;
}
