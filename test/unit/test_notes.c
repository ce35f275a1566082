/*
 * The notes of a module: what it is for, its exports, its constructors; and whether that fits the
 * firmware. Each damage is refused by name, while the old module goes on running.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "image/elf32.h"
#include "old_module.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u

/** What a damage is counted from: a note's header, or the segment that holds them all. */
typedef enum { MODULE, EXPORTS, INIT, SEGMENT } part_t;

/** Offsets in a note: of its header's fields, its owner and its content. */
enum { NAME_SIZE = 0, SIZE = 4, TYPE = 8, OWNER = 12, CONTENT = 16 };

/** Offsets of the export note's parts in the default module. */
enum {
    EXPORT_ADDRESSES = CONTENT + 4,
    NAME_ALPHA = EXPORT_ADDRESSES + 12,
    NAME_BETA = NAME_ALPHA + 6,
    NAME_GAMMA = NAME_BETA + 5,
};

/** `width` bytes overwritten in an otherwise good module that has all three notes. */
typedef struct {
    const char *name;
    part_t part;
    size_t offset;
    size_t width;
    uint32_t value;
    esp_err_t error;
    const char *words;
} damage_t;

#define FILE_SIZE    offsetof(elf32_program_header_t, p_filesz)
#define FOREIGN      "(defect 8)"
#define MISSING      "(defect 12)"
#define NOT_IN_ORDER "(defect 10)"
#define NO_LIST      "(defect 27)"
#define WRONG_SIZE   "(defect 23)"
#define ID_CUT       "(defect 24)"

/** The errors, as what they mean for a module. */
#define MALFORMED   ESP_ERR_INVALID_RESPONSE
#define OUTSIDE     ESP_ERR_INVALID_SIZE
#define UNSUPPORTED ESP_ERR_NOT_SUPPORTED
#define ALIEN       ESP_ERR_INVALID_VERSION

static const damage_t damages[] = {
    {"format_0", MODULE, CONTENT, 2, 0, UNSUPPORTED, "module format 0, this firmware knows 2"},
    {"format_1", MODULE, CONTENT, 2, 1, UNSUPPORTED, "module format 1, this firmware knows 2"},
    {"other_chip", MODULE, CONTENT + 2, 2, 5, UNSUPPORTED, "built for chip 5, ABI"},
    {"other_abi", MODULE, CONTENT + 4, 2, 2, UNSUPPORTED, "ABI 2; the firmware"},
    {"shorter_id", MODULE, CONTENT + 6, 2, 19, ALIEN, "linked with another firmware"},
    {"id_longer_than_its_note", MODULE, CONTENT + 6, 2, 21, OUTSIDE, ID_CUT},
    {"id_longer_than_any", MODULE, CONTENT + 6, 2, 33, OUTSIDE, ID_CUT},
    {"id_of_65535_bytes", MODULE, CONTENT + 6, 2, 0xffff, OUTSIDE, ID_CUT},
    {"other_firmware_by_its_first_byte", MODULE, CONTENT + 8, 1, 0, ALIEN,
     "linked with another firmware"},
    {"other_firmware_by_its_last_byte", MODULE, CONTENT + 27, 1, 0, ALIEN,
     "linked with another firmware"},

    {"unknown_mandatory_note", INIT, TYPE, 4, 9, UNSUPPORTED, "note 9 is unknown"},
    {"last_mandatory_note", INIT, TYPE, 4, 0x7fffffff, UNSUPPORTED, "note 2147483647 is unknown"},
    {"note_of_type_0", MODULE, TYPE, 4, 0, MALFORMED, "(defect 9)"},
    {"exports_twice", INIT, TYPE, 4, HOTRELOAD_NOTE_EXPORTS, MALFORMED, "(defect 9)"},
    {"module_note_twice", EXPORTS, TYPE, 4, HOTRELOAD_NOTE_MODULE, MALFORMED, "(defect 9)"},
    {"no_notes", SEGMENT, FILE_SIZE, 4, 0, MALFORMED, MISSING},
    {"no_exports", SEGMENT, FILE_SIZE, 4, CONTENT + 28, MALFORMED, MISSING},
    {"segment_ends_in_a_note_header", SEGMENT, FILE_SIZE, 4, CONTENT + 28 + 15, OUTSIDE,
     "(defect 23)"},
    {"segment_ends_in_padding", SEGMENT, FILE_SIZE, 4, CONTENT + 28 + NAME_GAMMA + 6, OUTSIDE,
     "(defect 23)"},
    {"owner_of_another_length", MODULE, NAME_SIZE, 4, 5, MALFORMED, FOREIGN},
    {"owner_without_a_name", EXPORTS, NAME_SIZE, 4, 0, MALFORMED, FOREIGN},
    {"other_owner", MODULE, OWNER, 4, 0x00554e47, MALFORMED, FOREIGN},
    {"owner_without_an_end", INIT, OWNER + 3, 1, 'X', MALFORMED, FOREIGN},
    {"note_longer_than_the_segment", INIT, SIZE, 4, 17, OUTSIDE, "(defect 23)"},
    {"note_of_4_gigabytes", MODULE, SIZE, 4, UINT32_MAX, OUTSIDE, "(defect 23)"},
    {"note_whose_padding_wraps", EXPORTS, SIZE, 4, 0xfffffffdu, OUTSIDE, "(defect 23)"},
    {"module_note_cut_short", MODULE, SIZE, 4, 7, OUTSIDE, "(defect 23)"},
    {"export_note_cut_short", EXPORTS, SIZE, 4, 3, OUTSIDE, "(defect 23)"},

    {"one_export_more_than_names", EXPORTS, CONTENT, 4, 4, OUTSIDE, "(defect 26)"},
    {"more_exports_than_the_note_holds", EXPORTS, CONTENT, 4, 8, OUTSIDE, "(defect 25)"},
    {"export_count_whose_size_wraps", EXPORTS, CONTENT, 4, 0x40000000, OUTSIDE, "(defect 25)"},
    {"highest_export_count", EXPORTS, CONTENT, 4, UINT32_MAX, OUTSIDE, "(defect 25)"},
    {"name_without_an_end", EXPORTS, NAME_GAMMA + 5, 1, 'x', OUTSIDE, "(defect 26)"},
    {"names_cut_short", EXPORTS, SIZE, 4, NAME_GAMMA - CONTENT, OUTSIDE, "(defect 26)"},
    {"first_name_empty", EXPORTS, NAME_ALPHA, 1, 0, MALFORMED, NOT_IN_ORDER},
    {"later_name_empty", EXPORTS, NAME_BETA, 1, 0, MALFORMED, NOT_IN_ORDER},
    {"names_out_of_order", EXPORTS, NAME_ALPHA, 1, 'z', MALFORMED, NOT_IN_ORDER},
    {"export_before_the_text", EXPORTS, EXPORT_ADDRESSES, 4, TEXT_LINK - 1, MALFORMED,
     "(defect 11)"},
    {"export_after_the_text", EXPORTS, EXPORT_ADDRESSES + 4, 4, TEXT_LINK + 64, MALFORMED,
     "(defect 11)"},
    {"export_in_the_data", EXPORTS, EXPORT_ADDRESSES + 8, 4, DATA_LINK, MALFORMED, "(defect 11)"},

    {"constructors_before_the_data", INIT, CONTENT, 4, DATA_LINK - 4, OUTSIDE, NO_LIST},
    {"constructors_in_the_text", INIT, CONTENT, 4, TEXT_LINK, OUTSIDE, NO_LIST},
    {"constructors_between_words", INIT, CONTENT, 4, DATA_LINK + 2, OUTSIDE, NO_LIST},
    {"constructors_in_the_bss", INIT, CONTENT, 4, DATA_LINK + 16, OUTSIDE, NO_LIST},
    {"constructors_into_the_bss", INIT, CONTENT, 4, DATA_LINK + 12, OUTSIDE, NO_LIST},
    {"too_many_constructors", INIT, CONTENT + 4, 4, 5, OUTSIDE, NO_LIST},
    {"constructor_count_whose_size_wraps", INIT, CONTENT + 4, 4, 0x40000001, OUTSIDE, NO_LIST},
    {"destructors_before_the_data", INIT, CONTENT + 8, 4, 0, OUTSIDE, NO_LIST},
    {"too_many_destructors", INIT, CONTENT + 12, 4, UINT32_MAX, OUTSIDE, NO_LIST},
    {"constructor_note_too_short", INIT, SIZE, 4, 12, OUTSIDE, WRONG_SIZE},
};

/** Two constructors and two destructors, which fill the 16 bytes of the data segment. */
static module_spec_t spec_with_lists(void)
{
    module_spec_t spec = module_spec_default();
    spec.init = (hotreload_note_init_t){DATA_LINK, 2, DATA_LINK + 8, 2};
    return spec;
}

static uint8_t *start_of(uint8_t *file, const module_layout_t *layout, part_t part)
{
    switch (part) {
    case MODULE:
        return file + layout->module_note;
    case EXPORTS:
        return file + layout->exports_note;
    case INIT:
        return file + layout->init_note;
    default:
        return file + layout->program_headers + 2 * sizeof(elf32_program_header_t);
    }
}

static void refuses_damage(void **state)
{
    const damage_t *damage = *state;
    module_spec_t spec = spec_with_lists();
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(&spec, &layout, &size);
    uint8_t *at = start_of(file, &layout, damage->part) + damage->offset;
    for (size_t i = 0; i < damage->width; i++) {
        at[i] = (uint8_t)(damage->value >> 8 * i);
    }
    expect_refused(file, size, damage->error, damage->words);
    free(file);
}

/** A loader that does not know a note may only go on if the note allows that. */
static void accepts_unknown_optional_notes(void **state)
{
    const uint32_t types[] = {HOTRELOAD_NOTE_OPTIONAL, HOTRELOAD_NOTE_OPTIONAL | 3, UINT32_MAX};
    for (size_t i = 0; i < COUNT(types); i++) {
        module_spec_t spec = spec_with_lists();
        module_layout_t layout;
        size_t size;
        uint8_t *file = module_build(&spec, &layout, &size);
        module_put32(file + layout.init_note + TYPE, types[i]);
        hotreload_image_t image;
        hotreload_reason_t reason = {0};
        assert_int_equal(hotreload_image_parse(file, size, &image, &reason), ESP_OK);
        assert_int_equal(image.init.init_count, 0);
        assert_int_equal(hotreload_loader_verify(file, size, &image, &reason), ESP_OK);
        free(file);
    }
}

/** Nothing but its header, at the very end of the segment. */
static void accepts_an_optional_note_without_content(void **state)
{
    module_spec_t spec = spec_with_lists();
    module_layout_t layout;
    size_t size;
    uint8_t *file = module_build(&spec, &layout, &size);
    const size_t end = layout.init_note + CONTENT - layout.notes;
    module_put32(start_of(file, &layout, SEGMENT) + offsetof(elf32_program_header_t, p_filesz),
                 (uint32_t)end);
    module_put32(file + layout.init_note + SIZE, 0);
    module_put32(file + layout.init_note + TYPE, HOTRELOAD_NOTE_OPTIONAL);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_loader_verify(file, size, &image, &reason), ESP_OK);
    free(file);
}

static void reads_constructors_and_destructors(void **state)
{
    module_spec_t spec = spec_with_lists();
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_image_parse(file, size, &image, &reason), ESP_OK);
    assert_int_equal(image.init.init_address, DATA_LINK);
    assert_int_equal(image.init.init_count, 2);
    assert_int_equal(image.init.fini_address, DATA_LINK + 8);
    assert_int_equal(image.init.fini_count, 2);
    free(file);
}

/** Where an empty list would be does not matter. */
static void accepts_a_list_without_functions_anywhere(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.init = (hotreload_note_init_t){0x1234567, 0, UINT32_MAX, 0};
    staged_t staged = stage_spec(&spec);
    staged_drop(&staged);
    assert_int_equal(fake_port.call_count, 0);
}

/** An identity that begins like the right one, or ends too late. */
static void expect_other_id(const uint8_t *id, size_t size)
{
    module_spec_t spec = module_spec_default();
    spec.firmware_id = id;
    spec.firmware_id_size = size;
    expect_spec_refused(&spec, ESP_ERR_INVALID_VERSION, "linked with another firmware");
}

static void refuses_an_id_of_another_length(void **state)
{
    uint8_t id[32] = {0};
    memcpy(id, fake_port.firmware_id, fake_port.firmware_id_size);
    for (size_t size = 0; size <= sizeof id; size++) {
        if (size != fake_port.firmware_id_size) {
            expect_other_id(id, size);
        }
    }
}

static void accepts_an_id_of_any_length_up_to_32(void **state)
{
    for (size_t size = 1; size <= sizeof fake_port.firmware_id; size++) {
        fake_port.firmware_id[size - 1] = (uint8_t)size;
        fake_port.firmware_id_size = size;
        module_spec_t spec = module_spec_default();
        staged_t staged = stage_spec(&spec);
        staged_drop(&staged);
    }
}

static void refuses_exports_with_the_same_name(void **state)
{
    const module_export_t exports[] = {
        {"alpha", TEXT_LINK}, {"alpha", TEXT_LINK + 4}, {"beta", TEXT_LINK}, {"gamma", TEXT_LINK}};
    module_spec_t spec = module_spec_default();
    spec.exports = exports;
    spec.export_count = COUNT(exports);
    expect_spec_refused(&spec, ESP_ERR_INVALID_RESPONSE, NOT_IN_ORDER);
}

/** As bytes, not as signed characters, and a prefix first. */
static void sorts_names_as_bytes(void **state)
{
    const module_export_t exports[] = {{"Z", TEXT_LINK},      {"alpha", TEXT_LINK},
                                       {"alpha0", TEXT_LINK}, {"beta", TEXT_LINK},
                                       {"gamma", TEXT_LINK},  {"\xc3\xa9t\xc3\xa9", TEXT_LINK}};
    module_spec_t spec = module_spec_default();
    spec.exports = exports;
    spec.export_count = COUNT(exports);
    staged_t staged = stage_spec(&spec);
    assert_int_equal(staged.image.export_count, COUNT(exports));
    staged_drop(&staged);
}

static void refuses_a_module_that_lacks_an_export(void **state)
{
    const module_export_t all[] = {{"alpha", TEXT_LINK}, {"beta", TEXT_LINK}, {"gamma", TEXT_LINK}};
    for (size_t missing = 0; missing < COUNT(all); missing++) {
        module_export_t others[COUNT(all)];
        size_t count = 0;
        for (size_t i = 0; i < COUNT(all); i++) {
            if (i != missing) {
                others[count++] = all[i];
            }
        }
        module_spec_t spec = module_spec_default();
        spec.exports = others;
        spec.export_count = count;
        char words[64];
        snprintf(words, sizeof words, "the module lacks %s(), which the firmware calls",
                 all[missing].name);
        expect_spec_refused(&spec, ESP_ERR_NOT_FOUND, words);
    }
}

static void refuses_a_module_without_exports(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.export_count = 0;
    expect_spec_refused(&spec, ESP_ERR_NOT_FOUND, "the module lacks alpha()");
}

static int run_damages(void)
{
    struct CMUnitTest tests[COUNT(damages)];
    for (size_t i = 0; i < COUNT(damages); i++) {
        tests[i] = (struct CMUnitTest){damages[i].name, refuses_damage, old_module_set_up,
                                       old_module_tear_down, (void *)(uintptr_t)&damages[i]};
    }
    return cmocka_run_group_tests_name("refuses", tests, NULL, NULL);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, old_module_set_up, old_module_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepts_unknown_optional_notes),
        TEST(accepts_an_optional_note_without_content),
        TEST(reads_constructors_and_destructors),
        TEST(accepts_a_list_without_functions_anywhere),
        TEST(refuses_an_id_of_another_length),
        TEST(accepts_an_id_of_any_length_up_to_32),
        TEST(refuses_exports_with_the_same_name),
        TEST(sorts_names_as_bytes),
        TEST(refuses_a_module_that_lacks_an_export),
        TEST(refuses_a_module_without_exports),
    };
    return run_damages() + cmocka_run_group_tests(tests, NULL, NULL);
}
