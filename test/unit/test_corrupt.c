/*
 * Damaged modules in bulk: cut at every byte, every value of every byte, and many fields at once.
 * The loader refuses them or loads them, but touches nothing else: the sanitizers watch the exact
 * size of the file and of both regions, and the old module has to stay as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader_steps.h"
#include "testing.h"
#include "fake_port.h"
#include "image/elf32.h"
#include "old_module.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

/** RAM for damaged sizes: small, so that the test does not spend its time on clearing memory. */
#define RAM_LIMIT 8192u

/** HI20, LO12_I and CALL_PLT in the text; constructors, destructors and pointers in the data. */
static const module_relocation_t relocations[] = {
    {TEXT_LINK, 26, HOTRELOAD_SYM_DATA, 8},       {TEXT_LINK + 4, 27, HOTRELOAD_SYM_DATA, 8},
    {TEXT_LINK + 10, 19, HOTRELOAD_SYM_NONE, 64}, {DATA_LINK, 1, HOTRELOAD_SYM_TEXT, 4},
    {DATA_LINK + 8, 1, HOTRELOAD_SYM_TEXT, 8},
};

/** Where the next regions go; put back every time, so that addresses do not run away. */
static uint32_t text_next, data_next;

static uint8_t *small_module(module_layout_t *layout)
{
    module_spec_t spec = module_spec_default();
    spec.relocations = relocations;
    spec.relocation_count = COUNT(relocations);
    spec.init = (hotreload_note_init_t){DATA_LINK, 1, DATA_LINK + 8, 1};
    size_t size;
    uint8_t *file = module_build(&spec, layout, &size);
    fake_port.text_limit = RAM_LIMIT;
    fake_port.data_limit = RAM_LIMIT;
    text_next = fake_port.text_next;
    data_next = fake_port.data_next;
    return file;
}

static bool is_documented(esp_err_t error)
{
    return error == ESP_ERR_INVALID_SIZE || error == ESP_ERR_INVALID_RESPONSE ||
           error == ESP_ERR_NOT_SUPPORTED || error == ESP_ERR_INVALID_VERSION ||
           error == ESP_ERR_NOT_FOUND || error == ESP_ERR_NO_MEM;
}

/** Runs a module that the loader took, as far as a test can: from its table to its end. */
static void run(const hotreload_image_t *image, hotreload_module_t *staged)
{
    commit_module(image, staged);
    for (uint32_t i = 0; i < hotreload_firmware_table.count; i++) {
        assert_true(hotreload_firmware_table.slots[i] - staged->text.run < staged->text.size);
    }
    old_module_rebind();
    hotreload_loader_run_destructors(staged);
    hotreload_segments_free(staged);
    assert_int_equal(fake_port.call_count, image->init.init_count + image->init.fini_count);
    fake_port.call_count = 0;
}

/** Feeds a module that may be anything to the loader. @return whether it was loaded */
static bool feed(const uint8_t *file, size_t size)
{
    hotreload_image_t image;
    hotreload_module_t staged;
    hotreload_reason_t reason = {0};
    fake_port.text_next = text_next;
    fake_port.data_next = data_next;
    esp_err_t verified = hotreload_loader_verify(file, size, &image, &reason);
    esp_err_t error = hotreload_loader_stage(file, size, 0, &image, &staged, &reason);
    if (error == ESP_OK) {
        assert_int_equal(verified, ESP_OK);
        run(&image, &staged);
    } else {
        assert_true(is_documented(error));
        assert_string_not_equal(reason.text, "");
    }
    old_module_expect_running();
    return error == ESP_OK;
}

static void refuses_a_module_cut_at_any_byte(void **state)
{
    module_layout_t layout;
    uint8_t *file = small_module(&layout);
    for (size_t size = 0; size < layout.size; size++) {
        uint8_t *cut = malloc(size > 0 ? size : 1);
        assert_non_null(cut);
        memcpy(cut, file, size);
        hotreload_reason_t reason = {0};
        hotreload_image_t image;
        assert_int_equal(hotreload_loader_verify(cut, size, &image, &reason), ESP_ERR_INVALID_SIZE);
        assert_false(feed(cut, size));
        free(cut);
    }
    assert_true(feed(file, layout.size));
    free(file);
}

/** Bytes that mean so much that no other value may pass. */
static bool is_vital(size_t offset, const module_layout_t *layout)
{
    static const struct {
        size_t start, end;
    } header[] = {
        {0, 6},
        {offsetof(elf32_header_t, e_type), offsetof(elf32_header_t, e_version)},
        {offsetof(elf32_header_t, e_shoff), offsetof(elf32_header_t, e_flags)},
        {offsetof(elf32_header_t, e_phentsize), offsetof(elf32_header_t, e_shentsize)},
        {offsetof(elf32_header_t, e_shnum), offsetof(elf32_header_t, e_shstrndx)},
    };
    for (size_t i = 0; i < COUNT(header); i++) {
        if (offset >= header[i].start && offset < header[i].end) {
            return true;
        }
    }
    const size_t names = layout->exports_note + 16 + 4 + 3 * 4;
    return (offset >= layout->module_note && offset < layout->exports_note) ||
           (offset >= names && offset < names + sizeof "alpha\0beta\0gamma");
}

static void survives_every_value_of_every_byte(void **state)
{
    module_layout_t layout;
    uint8_t *file = small_module(&layout);
    size_t loaded = 0;
    for (size_t offset = 0; offset < layout.size; offset++) {
        const uint8_t good = file[offset];
        for (unsigned flip = 1; flip < 256; flip++) {
            file[offset] = good ^ (uint8_t)flip;
            if (feed(file, layout.size)) {
                loaded++;
                assert_false(is_vital(offset, &layout));
            }
        }
        file[offset] = good;
    }
    /* What the text and data are made of is free: the loader has no opinion on instructions. */
    assert_true(loaded >= (64 + 16 - 8) * 255);
    free(file);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/** Values at which comparisons and sums go wrong. */
static uint32_t hostile_value(uint32_t *seed)
{
    static const uint32_t values[] = {
        0,           1,          2,          3,         4,         0x10,           0x34,
        0xb4,        0x7fffffff, 0x80000000, TEXT_LINK, DATA_LINK, TEXT_LINK + 62, DATA_LINK + 14,
        0xfffffffcu, UINT32_MAX,
    };
    return values[next_random(seed) % COUNT(values)];
}

static void survives_several_hostile_fields_at_once(void **state)
{
    module_layout_t layout;
    uint8_t *good = small_module(&layout);
    uint8_t *file = malloc(layout.size);
    assert_non_null(file);
    uint32_t seed = 20240229;
    for (unsigned round = 0; round < 100000; round++) {
        memcpy(file, good, layout.size);
        for (uint32_t fields = 1 + next_random(&seed) % 3; fields > 0; fields--) {
            size_t offset = next_random(&seed) % (layout.size / 4) * 4;
            module_put32(file + offset, hostile_value(&seed));
        }
        (void)feed(file, layout.size);
    }
    free(file);
    free(good);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, old_module_set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_a_module_cut_at_any_byte),
        TEST(survives_every_value_of_every_byte),
        TEST(survives_several_hostile_fields_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
