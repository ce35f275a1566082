/* SPDX-License-Identifier: MIT */
#include "loaded.h"

#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loader/table.h"
#include "run/status.h"
#include "store/store.h"
#include "stored.h"
#include "store_reset.h"

#define SECTORS 8u

/** Of the default module, bytes. */
#define TEXT_SIZE 64u
#define DATA_SIZE 16u
#define BSS_SIZE  8u

const hotreload_config_t loaded_config = HOTRELOAD_CONFIG_DEFAULT();

int loaded_set_up(void **state)
{
    fake_port_reset();
    fake_flash_create(SECTORS, FAKE_FLASH_SECTOR);
    loaded_expect_none();
    return 0;
}

int loaded_tear_down(void **state)
{
    fake_port.fail_allocation = 0;
    fake_port.task_count = 0;
    hotreload_unload();
    loaded_expect_none();
    store_reset();
    fake_flash_destroy();
    fake_port_expect_idle();
    return 0;
}

void loaded_restart(bool crashed)
{
    const uint32_t retained = fake_port.retained;
    hotreload_unload();
    store_reset();
    fake_port.log[0] = '\0';
    fake_port.crashed = crashed ? retained : 0;
    fake_port.retained = 0;
}

uint8_t *loaded_module(uint32_t seed, size_t *size)
{
    module_spec_t spec = module_spec_default();
    spec.seed = seed;
    return module_build(&spec, NULL, size);
}

uint8_t *loaded_module_with_constructors(uint32_t seed, size_t *size)
{
    const module_spec_t default_spec = module_spec_default();
    const uint32_t data = default_spec.data_address;
    const module_relocation_t relocations[] = {{data, 1, HOTRELOAD_SYM_TEXT, 4},
                                               {data + 4, 1, HOTRELOAD_SYM_TEXT, 8}};
    module_spec_t spec = default_spec;
    spec.seed = seed;
    spec.relocations = relocations;
    spec.relocation_count = 2;
    spec.init = (hotreload_note_init_t){data, 1, data + 4, 1};
    return module_build(&spec, NULL, size);
}

/** Frees the file. */
static void store(uint8_t *file, size_t size)
{
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, file, size), ESP_OK);
    free(file);
}

void loaded_store(uint32_t seed)
{
    size_t size;
    uint8_t *file = loaded_module(seed, &size);
    store(file, size);
}

void loaded_store_with_constructors(uint32_t seed)
{
    size_t size;
    uint8_t *file = loaded_module_with_constructors(seed, &size);
    store(file, size);
}

void loaded_store_bytes(const void *data, size_t size)
{
    hotreload_reason_t reason;
    assert_int_equal(hotreload_store_open(FAKE_FLASH_LABEL, &reason), ESP_OK);
    assert_int_equal(stored_write(data, size, size, &reason), ESP_OK);
}

void loaded_store_bad(const bad_module_t *bad)
{
    size_t size;
    uint8_t *file = bad_module_build(bad, &size);
    loaded_store_bytes(file, size);
    free(file);
}

void loaded_start(uint32_t seed)
{
    loaded_store(seed);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(seed);
}

hotreload_status_t loaded_status(void)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    return status;
}

void loaded_expect_log(const char *words)
{
    if (strstr(fake_port.log, words) == NULL) {
        fail_msg("the log does not say \"%s\":\n%s", words, fake_port.log);
    }
}

unsigned loaded_count_log(const char *words)
{
    unsigned count = 0;
    for (const char *at = strstr(fake_port.log, words); at != NULL; at = strstr(at + 1, words)) {
        count++;
    }
    return count;
}

void loaded_expect(uint32_t seed)
{
    static const uint8_t zeros[BSS_SIZE];
    hotreload_status_t status;
    hotreload_status_get(&status);
    assert_true(status.loaded);
    assert_int_equal(status.text_size, TEXT_SIZE);
    assert_int_equal(status.data_size, DATA_SIZE + BSS_SIZE);
    const uint32_t *slots = hotreload_firmware_table.slots;
    assert_int_equal(slots[0], status.text_run);
    assert_int_equal(slots[1], status.text_run + 0x10);
    assert_int_equal(slots[2], status.text_run + 0x20);

    module_spec_t spec = module_spec_default();
    spec.seed = seed;
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(&spec, &layout, &size);
    const uint8_t *data = fake_port_data(status.data_run, DATA_SIZE + BSS_SIZE);
    assert_memory_equal(fake_port_text(slots[0], TEXT_SIZE), file + layout.text, TEXT_SIZE);
    assert_memory_equal(data, file + layout.data, DATA_SIZE);
    assert_memory_equal(data + DATA_SIZE, zeros, BSS_SIZE);
    free(file);
    assert_int_equal(fake_port.live_allocations, 2);
    assert_int_equal(fake_port.live_bytes, TEXT_SIZE + DATA_SIZE + BSS_SIZE);
}

void loaded_expect_none(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    hotreload_status_t status;
    hotreload_status_get(&status);
    assert_false(status.loaded);
    assert_memory_equal(table->slots, table->missing, table->count * sizeof table->slots[0]);
    assert_int_equal(fake_port.live_allocations, 0);
    assert_int_equal(fake_port.live_bytes, 0);
}

void loaded_expect_failure(esp_err_t error, esp_err_t expected, const char *words)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    if (error != expected) {
        fail_msg("%s and not %s: %s", esp_err_to_name(error), esp_err_to_name(expected),
                 status.last_error.text);
    }
    if (strstr(status.last_error.text, words) == NULL) {
        fail_msg("the status \"%s\" does not say \"%s\"", status.last_error.text, words);
    }
    char *line = strstr(fake_port.log, status.last_error.text);
    if (line == NULL || strstr(line, esp_err_to_name(expected)) == NULL) {
        fail_msg("the log does not say \"%s\":\n%s", status.last_error.text, fake_port.log);
    }
}
