/*
 * The image reader: ELF header and segments. Each damage is refused by name, while the old module
 * goes on running.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "image/elf32.h"
#include "old_module.h"

/** What a damage is counted from: the ELF header, or the header of a segment. */
typedef enum { HEADER, TEXT, DATA, NOTES, RELOCATIONS } part_t;

/** A 32-bit field (or 16-bit, or a byte) overwritten in an otherwise good module. */
typedef struct {
    const char *name;
    part_t part;
    size_t offset;
    size_t width;
    uint32_t value;
    esp_err_t error;
    const char *words;
} damage_t;

#define HEADER_FIELD(field)                                                                        \
    HEADER, offsetof(elf32_header_t, field), sizeof(((elf32_header_t *)0)->field)
#define SEGMENT_FIELD(part, field) part, offsetof(elf32_program_header_t, field), sizeof(uint32_t)
#define IDENT(index)               HEADER, index, 1

/** The default module with two relocations, so that every segment has bytes. */
#define TEXT_LINK   0xa0000000u
#define DATA_LINK   0xb0000000u
#define NOT_PACKED  "an ELF file, but not a packed module: send module.bin"
#define SECTIONS    "an ELF file, but not a packed module: send module.bin"
#define UNKNOWN     "(defect 2)"
#define TABLE_AWAY  "(defect 20)"
#define IMPOSSIBLE  "(defect 22)"
#define OVERLAPS    "(defect 3)"
#define TOGETHER    "(defect 4)"
#define WHOLE_WORDS "(defect 6)"

/** The errors, as what they mean for a module. */
#define MALFORMED   ESP_ERR_INVALID_RESPONSE
#define OUTSIDE     ESP_ERR_INVALID_SIZE
#define UNSUPPORTED ESP_ERR_NOT_SUPPORTED

static const damage_t damages[] = {
    {"not_an_elf_file", IDENT(0), 'X', MALFORMED, "not an ELF file"},
    {"not_an_elf_file_in_its_last_letter", IDENT(3), 'f', MALFORMED, "not an ELF file"},
    {"64_bit", IDENT(4), 2, MALFORMED, "an ELF file, but not a packed module: send module.bin"},
    {"big_endian", IDENT(5), 2, MALFORMED, "an ELF file, but not a packed module: send module.bin"},
    {"object_file", HEADER_FIELD(e_type), 1, MALFORMED, NOT_PACKED},
    {"shared_library", HEADER_FIELD(e_type), 3, MALFORMED, NOT_PACKED},
    {"no_segments", HEADER_FIELD(e_phnum), 0, MALFORMED, NOT_PACKED},
    {"segment_missing", HEADER_FIELD(e_phnum), 3, MALFORMED, NOT_PACKED},
    {"segment_too_many", HEADER_FIELD(e_phnum), 5, MALFORMED, NOT_PACKED},
    {"65535_segments", HEADER_FIELD(e_phnum), 65535, MALFORMED, NOT_PACKED},
    {"segment_headers_of_0_bytes", HEADER_FIELD(e_phentsize), 0, MALFORMED, NOT_PACKED},
    {"segment_headers_of_56_bytes", HEADER_FIELD(e_phentsize), 56, MALFORMED, NOT_PACKED},
    {"section_count", HEADER_FIELD(e_shnum), 1, MALFORMED, SECTIONS},
    {"section_table", HEADER_FIELD(e_shoff), 52, MALFORMED, SECTIONS},
    {"other_machine", HEADER_FIELD(e_machine), 94, UNSUPPORTED, "built for chip"},
    {"segment_table_after_the_end", HEADER_FIELD(e_phoff), 0x10000, OUTSIDE, TABLE_AWAY},
    {"segment_table_whose_end_wraps", HEADER_FIELD(e_phoff), 0xffffff80u, OUTSIDE, TABLE_AWAY},
    {"segment_table_at_the_last_address", HEADER_FIELD(e_phoff), UINT32_MAX, OUTSIDE, TABLE_AWAY},
    {"segment_table_on_the_elf_header", HEADER_FIELD(e_phoff), 48, MALFORMED, "(defect 1)"},

    {"text_of_unknown_type", SEGMENT_FIELD(TEXT, p_type), 7, MALFORMED, "(defect 2)"},
    {"relocations_of_unknown_type", SEGMENT_FIELD(RELOCATIONS, p_type), 0x68720002u, MALFORMED,
     "(defect 2)"},
    {"no_text_but_data_twice", SEGMENT_FIELD(TEXT, p_flags), ELF32_PF_W, MALFORMED, UNKNOWN},
    {"no_data_but_text_twice", SEGMENT_FIELD(DATA, p_flags), ELF32_PF_X, MALFORMED, UNKNOWN},
    {"no_notes_but_relocations_twice", SEGMENT_FIELD(NOTES, p_type), HOTRELOAD_PT_RELA, MALFORMED,
     UNKNOWN},
    {"no_relocations_but_notes_twice", SEGMENT_FIELD(RELOCATIONS, p_type), ELF32_PT_NOTE, MALFORMED,
     UNKNOWN},

    {"text_after_the_end", SEGMENT_FIELD(TEXT, p_offset), 0x10000, OUTSIDE, "(defect 21)"},
    {"data_whose_end_in_the_file_wraps", SEGMENT_FIELD(DATA, p_offset), 0xfffffff8u, OUTSIDE,
     "(defect 21)"},
    {"notes_longer_than_the_file", SEGMENT_FIELD(NOTES, p_filesz), 0x10000, OUTSIDE, "(defect 21)"},
    {"relocations_longer_than_any_file", SEGMENT_FIELD(RELOCATIONS, p_filesz), 0xfffffffcu, OUTSIDE,
     "(defect 21)"},

    {"text_on_the_elf_header", SEGMENT_FIELD(TEXT, p_offset), 0, MALFORMED, "(defect 3)"},
    {"data_on_the_segment_table", SEGMENT_FIELD(DATA, p_offset), 52 + 128 - 4, MALFORMED,
     "(defect 3)"},
    {"notes_on_the_segment_table", SEGMENT_FIELD(NOTES, p_offset), 52 + 96, MALFORMED,
     "(defect 3)"},
    {"data_on_the_notes", SEGMENT_FIELD(DATA, p_offset), 180, MALFORMED, "(defect 3)"},
    {"relocations_on_the_notes", SEGMENT_FIELD(RELOCATIONS, p_offset), 180, MALFORMED,
     "(defect 3)"},
    {"data_on_the_text", SEGMENT_FIELD(DATA, p_offset), 276 + 60, MALFORMED, "(defect 3)"},
    {"relocations_of_13_bytes", SEGMENT_FIELD(RELOCATIONS, p_filesz), 13, MALFORMED, "(defect 7)"},

    {"data_on_the_end_of_the_text", SEGMENT_FIELD(DATA, p_vaddr), TEXT_LINK + 56, MALFORMED,
     TOGETHER},
    {"bss_on_the_text", SEGMENT_FIELD(DATA, p_vaddr), TEXT_LINK - 16, MALFORMED, TOGETHER},
    {"text_inside_the_data", SEGMENT_FIELD(TEXT, p_vaddr), DATA_LINK + 8, MALFORMED, TOGETHER},
    {"text_whose_end_in_memory_wraps", SEGMENT_FIELD(TEXT, p_vaddr), 0xffffffc4u, OUTSIDE,
     "(defect 22)"},
    {"bss_whose_end_wraps", SEGMENT_FIELD(DATA, p_memsz), 0x50000000u, OUTSIDE, "(defect 22)"},
    {"text_smaller_in_memory", SEGMENT_FIELD(TEXT, p_memsz), 60, OUTSIDE, "(defect 22)"},
    {"data_smaller_in_memory", SEGMENT_FIELD(DATA, p_memsz), 15, OUTSIDE, "(defect 22)"},
    {"text_with_bss", SEGMENT_FIELD(TEXT, p_memsz), 128, MALFORMED, "(defect 6)"},

    {"text_at_an_odd_address", SEGMENT_FIELD(TEXT, p_vaddr), TEXT_LINK + 1, MALFORMED,
     "(defect 5)"},
    {"text_between_two_words", SEGMENT_FIELD(TEXT, p_vaddr), TEXT_LINK + 2, MALFORMED,
     "(defect 5)"},
    {"data_not_at_its_alignment", SEGMENT_FIELD(DATA, p_vaddr), DATA_LINK + 4, MALFORMED,
     "(defect 5)"},
    {"alignment_of_3", SEGMENT_FIELD(TEXT, p_align), 3, MALFORMED, "(defect 5)"},
    {"alignment_of_12", SEGMENT_FIELD(DATA, p_align), 12, MALFORMED, "(defect 5)"},
    {"alignment_of_8192", SEGMENT_FIELD(DATA, p_align), 8192, MALFORMED, "(defect 5)"},
    {"alignment_of_2_gigabytes", SEGMENT_FIELD(TEXT, p_align), 0x80000000u, MALFORMED,
     "(defect 5)"},
};

static const module_relocation_t two_relocations[] = {{DATA_LINK, 1, HOTRELOAD_SYM_TEXT, 0},
                                                      {DATA_LINK + 4, 1, HOTRELOAD_SYM_DATA, 0}};

static uint8_t *good_module(module_layout_t *layout, size_t *size)
{
    module_spec_t spec = module_spec_default();
    spec.relocations = two_relocations;
    spec.relocation_count = COUNT(two_relocations);
    return module_build(&spec, layout, size);
}

static uint8_t *header_of(uint8_t *file, const module_layout_t *layout, part_t part)
{
    const size_t index = part - TEXT;
    return part == HEADER ? file
                          : file + layout->program_headers + index * sizeof(elf32_program_header_t);
}

static void put(uint8_t *at, size_t width, uint32_t value)
{
    for (size_t i = 0; i < width; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static void refuses_damage(void **state)
{
    const damage_t *damage = *state;
    module_layout_t layout;
    size_t size;
    uint8_t *file = good_module(&layout, &size);
    put(header_of(file, &layout, damage->part) + damage->offset, damage->width, damage->value);
    expect_refused(file, size, damage->error, damage->words);
    free(file);
}

static void refuses_files_shorter_than_an_elf_header(void **state)
{
    size_t size;
    uint8_t *file = good_module(NULL, &size);
    for (size_t length = 0; length < sizeof(elf32_header_t); length++) {
        uint8_t *part = malloc(length);
        assert_true(length == 0 || part != NULL);
        if (length > 0) {
            memcpy(part, file, length);
        }
        expect_refused(part, length, ESP_ERR_INVALID_SIZE, "not an ELF file");
        free(part);
    }
    free(file);
}

static void refuses_a_text_that_ends_within_a_word(void **state)
{
    for (size_t size = 61; size < 64; size++) {
        module_spec_t spec = module_spec_default();
        spec.text_size = size;
        expect_spec_refused(&spec, ESP_ERR_INVALID_RESPONSE, WHOLE_WORDS);
    }
}

/** Rounding such a size up to an alignment would overflow 32 bits. */
static void refuses_a_size_that_cannot_be_rounded_up(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.text_address = 0xffffff00u;
    spec.data_address = 0;
    spec.data_size = 0xfffff001u;
    expect_spec_refused(&spec, ESP_ERR_INVALID_SIZE, "(defect 22)");
    spec.data_size = 0xfffff000u; /* possible, if any chip had so much */
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    assert_int_equal(hotreload_image_parse(file, size, &image, &reason), ESP_ERR_INVALID_RESPONSE);
    expect_words(&reason, "(defect 11)");
    free(file);
}

/** The second half of the header would pass for a data segment without bytes. */
static void refuses_a_segment_table_made_of_the_header(void **state)
{
    module_layout_t layout;
    size_t size;
    module_spec_t spec = module_spec_default();
    uint8_t *file = module_build(&spec, &layout, &size);
    const size_t one = sizeof(elf32_program_header_t);
    const size_t table = offsetof(elf32_header_t, e_version); /* 1, which is PT_LOAD as well */
    uint8_t others[3 * sizeof(elf32_program_header_t)];
    memcpy(others, header_of(file, &layout, TEXT), one);
    memcpy(others + one, header_of(file, &layout, NOTES), 2 * one);
    memcpy(file + table + one, others, sizeof others);
    module_put32(file + offsetof(elf32_header_t, e_phoff), table);
    expect_refused(file, size, ESP_ERR_INVALID_RESPONSE, "(defect 1)");
    free(file);
}

static hotreload_image_t parse(const void *file, size_t size)
{
    hotreload_image_t image;
    hotreload_reason_t reason = {0};
    esp_err_t error = hotreload_image_parse(file, size, &image, &reason);
    if (error != ESP_OK) {
        fail_msg("not parsed: %s", reason.text);
    }
    assert_string_equal(reason.text, "");
    return image;
}

static void finds_every_part_of_a_module(void **state)
{
    module_layout_t layout;
    size_t size;
    uint8_t *file = good_module(&layout, &size);
    hotreload_image_t image = parse(file, size);
    assert_int_equal(image.machine, 243);
    assert_int_equal(image.module.format, HOTRELOAD_FORMAT_VERSION);
    assert_int_equal(image.module.chip, HOTRELOAD_CHIP_EMULATOR);
    assert_int_equal(image.module.abi, HOTRELOAD_ABI_RISCV_ILP32);
    assert_int_equal(image.module.firmware_id_size, 20);
    assert_memory_equal(image.firmware_id, fake_port.firmware_id, 20);
    assert_ptr_equal(image.text.bytes, file + layout.text);
    assert_int_equal(image.text.link, TEXT_LINK);
    assert_int_equal(image.text.file_size, 64);
    assert_int_equal(image.text.memory_size, 64);
    assert_int_equal(image.text.align, 4);
    assert_ptr_equal(image.data.bytes, file + layout.data);
    assert_int_equal(image.data.link, DATA_LINK);
    assert_int_equal(image.data.file_size, 16);
    assert_int_equal(image.data.memory_size, 24);
    assert_int_equal(image.data.align, 8);
    assert_int_equal(image.relocation_count, 2);
    assert_int_equal(image.export_count, 3);
    assert_int_equal(image.init.init_count, 0);
    assert_int_equal(image.init.fini_count, 0);
    free(file);
}

static void reads_relocations(void **state)
{
    const module_relocation_t given[] = {{TEXT_LINK + 4, 26, HOTRELOAD_SYM_NONE, -1},
                                         {DATA_LINK, 255, 0xffffff, 0x12345678}};
    module_spec_t spec = module_spec_default();
    spec.relocations = given;
    spec.relocation_count = COUNT(given);
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    hotreload_image_t image = parse(file, size);
    assert_int_equal(image.relocation_count, COUNT(given));
    for (uint32_t i = 0; i < COUNT(given); i++) {
        hotreload_relocation_t read = hotreload_image_relocation(&image, i);
        assert_int_equal(read.place, given[i].place);
        assert_int_equal(read.type, given[i].type);
        assert_int_equal(read.symbol, given[i].symbol);
        assert_int_equal(read.addend, (uint32_t)given[i].addend);
    }
    free(file);
}

static void lists_exports_in_order(void **state)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    size_t size;
    uint8_t *file = good_module(NULL, &size);
    hotreload_image_t image = parse(file, size);
    hotreload_export_t export = {0};
    for (uint32_t i = 0; i < COUNT(names); i++) {
        assert_true(hotreload_image_next_export(&image, &export));
        assert_string_equal(export.name, names[i]);
        assert_int_equal(export.address, TEXT_LINK + 0x10 * i);
    }
    assert_false(hotreload_image_next_export(&image, &export));
    assert_false(hotreload_image_next_export(&image, &export));
    free(file);
}

/** Flash maps and upload buffers promise no alignment; UBSan watches the reads. */
static void reads_a_module_at_any_address(void **state)
{
    size_t size;
    uint8_t *file = good_module(NULL, &size);
    for (size_t shift = 1; shift < 8; shift++) {
        uint8_t *moved = malloc(size + shift);
        assert_non_null(moved);
        memcpy(moved + shift, file, size);
        hotreload_image_t image = parse(moved + shift, size);
        hotreload_relocation_t second = hotreload_image_relocation(&image, 1);
        assert_int_equal(second.place, DATA_LINK + 4);
        assert_int_equal(second.symbol, HOTRELOAD_SYM_DATA);
        hotreload_export_t export = {0};
        while (hotreload_image_next_export(&image, &export)) {
        }
        assert_string_equal(export.name, "gamma");
        assert_int_equal(export.address, TEXT_LINK + 0x20);
        free(moved);
    }
    free(file);
}

/** The file may be followed by whatever is there. */
static void ignores_bytes_after_the_file(void **state)
{
    size_t size;
    uint8_t *file = good_module(NULL, &size);
    uint8_t *longer = malloc(size + 1000);
    assert_non_null(longer);
    memcpy(longer, file, size);
    memset(longer + size, 0xff, 1000);
    assert_int_equal(parse(longer, size + 1000).relocation_count, 2);
    free(longer);
    free(file);
}

/** ELF: 0 and 1 mean that there is nothing to align; words are aligned all the same. */
static void takes_small_alignments_for_that_of_a_word(void **state)
{
    for (uint32_t align = 0; align <= 4; align += align == 0 ? 1 : align) {
        module_spec_t spec = module_spec_default();
        spec.text_align = align;
        spec.data_align = align;
        size_t size;
        uint8_t *file = module_build(&spec, NULL, &size);
        hotreload_image_t image = parse(file, size);
        assert_int_equal(image.text.align, 4);
        assert_int_equal(image.data.align, 4);
        free(file);
    }
}

static void accepts_segments_that_touch(void **state)
{
    module_spec_t spec = module_spec_default();
    spec.data_address = TEXT_LINK + 64;
    size_t size;
    uint8_t *file = module_build(&spec, NULL, &size);
    assert_int_equal(parse(file, size).data.link, TEXT_LINK + 64);
    free(file);
    spec.data_address = TEXT_LINK - 24;
    file = module_build(&spec, NULL, &size);
    assert_int_equal(parse(file, size).data.link, TEXT_LINK - 24);
    free(file);
}

/** Where no bytes lie does not matter. */
static void accepts_empty_segments_anywhere_in_the_file(void **state)
{
    static const uint32_t offsets[] = {0, 20, 60, 200, 300};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        module_spec_t spec = module_spec_default();
        spec.data_file_size = 0;
        module_layout_t layout;
        size_t size;
        uint8_t *file = module_build(&spec, &layout, &size);
        const size_t p_offset = offsetof(elf32_program_header_t, p_offset);
        module_put32(header_of(file, &layout, DATA) + p_offset, offsets[i]);
        module_put32(header_of(file, &layout, RELOCATIONS) + p_offset, offsets[i]);
        hotreload_image_t image = parse(file, size);
        assert_int_equal(image.relocation_count, 0);
        assert_int_equal(image.data.file_size, 0);
        assert_int_equal(image.data.memory_size, 24);
        free(file);
    }
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
        TEST(refuses_files_shorter_than_an_elf_header),
        TEST(refuses_a_text_that_ends_within_a_word),
        TEST(refuses_a_size_that_cannot_be_rounded_up),
        TEST(refuses_a_segment_table_made_of_the_header),
        TEST(finds_every_part_of_a_module),
        TEST(reads_relocations),
        TEST(lists_exports_in_order),
        TEST(reads_a_module_at_any_address),
        TEST(ignores_bytes_after_the_file),
        TEST(takes_small_alignments_for_that_of_a_word),
        TEST(accepts_segments_that_touch),
        TEST(accepts_empty_segments_anywhere_in_the_file),
    };
    return run_damages() + cmocka_run_group_tests(tests, NULL, NULL);
}
