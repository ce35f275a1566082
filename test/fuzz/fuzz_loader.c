/*
 * Fuzz target: the image reader and the loader. The input is a module; its last eight bytes, which
 * may follow the end of the file, also choose the addresses and what fails.
 *
 * Whatever the input: nothing is read outside it or written outside the two regions (fake_port.c
 * gives exactly as many bytes as asked for, and AddressSanitizer watches), every call returns,
 * nothing leaks, an error has a reason and one of the documented numbers, and a failure changes
 * nothing. What is accepted is loaded as the design says.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "loader_steps.h"
#include "fake_port.h"
#include "image/elf32.h"
#include "loader/loader.h"
#include "loader/patch.h"
#include "loader/retired.h"
#include "module_builder.h"
#include "module_source.h"
#include "must.h"

enum { EM_XTENSA = 94, R_32 = 1 };

#define KNOBS      8u
#define MAX_REGION 0x8000u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/** Run addresses that hotreload_port_call() has to get next. */
static struct {
    const uint8_t *next;
    ptrdiff_t step;
    uint32_t left;
} calls;

static void on_call(uint32_t run_address)
{
    must(calls.left > 0);
    must(run_address == module_get32(calls.next));
    calls.left--;
    calls.next += calls.left > 0 ? calls.step : 0;
    fake_port.call_count = 0;
}

/** Expects the functions of an array in the data region. */
static void expect_calls(const hotreload_module_t *module, uint32_t offset, uint32_t count,
                         bool backwards)
{
    calls.left = count;
    calls.step = backwards ? -4 : 4;
    if (count > 0) {
        calls.next = fake_port_data(module->data.run + offset, (size_t)count * 4);
        calls.next += backwards ? (count - 1) * 4 : 0;
    }
}

/** A module for either architecture is for this chip: the file says which chip this is. */
static void set_up(const uint8_t *data, size_t size)
{
    static const uint8_t none[KNOBS];
    const uint8_t *knobs = size >= KNOBS ? data + size - KNOBS : none;
    fake_port_reset();
    fake_port.on_call = on_call;
    if (size >= sizeof(elf32_header_t) && data[offsetof(elf32_header_t, e_machine)] == EM_XTENSA) {
        fake_port.arch = &hotreload_arch_xtensa;
        fake_port.abi = HOTRELOAD_ABI_XTENSA_WINDOWED;
    }
    fake_port.text_limit = fake_port.data_limit = MAX_REGION;
    fake_port.fail_allocation = knobs[0] < 16 ? knobs[0] % 3 : 0;
    fake_port.sync_result = knobs[1] == 1 ? ESP_FAIL : ESP_OK;
    fake_port.text_next = module_get32(knobs + 4) >> 1 & ~3u;
    fake_port.data_next = fake_port.text_next ^ 0x80000000u;
    hotreload_loader_unbind();
}

static bool is_documented(esp_err_t error)
{
    return error == ESP_ERR_INVALID_SIZE || error == ESP_ERR_INVALID_RESPONSE ||
           error == ESP_ERR_NOT_SUPPORTED || error == ESP_ERR_INVALID_VERSION ||
           error == ESP_ERR_NOT_FOUND;
}

static void check_reason(esp_err_t error, const hotreload_reason_t *reason)
{
    must(memchr(reason->text, '\0', sizeof reason->text) != NULL);
    must((error == ESP_OK) == (reason->text[0] == '\0'));
}

static bool is_unbound(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    return memcmp(table->slots, table->missing, table->count * sizeof table->slots[0]) == 0;
}

/* ---- What was loaded ---- */

/** Relocations that touch each byte of a segment. */
static uint8_t *count_relocations(const hotreload_image_t *image,
                                  const hotreload_segment_t *segment)
{
    uint8_t *counts = calloc(1, segment->memory_size + 1);
    for (uint32_t i = 0; i < image->relocation_count; i++) {
        hotreload_relocation_t relocation = hotreload_image_relocation(image, i);
        uint32_t offset = relocation.place - segment->link;
        if (offset < segment->memory_size) {
            for (uint32_t j = 0; j < fake_port.arch->field_size(relocation.type); j++) {
                must(offset + j < segment->file_size);
                counts[offset + j] += counts[offset + j] < 2;
            }
        }
    }
    return counts;
}

/** Each 32-bit word that no other relocation touches holds symbol + addend. */
static void check_words(const hotreload_image_t *image, const hotreload_module_t *module,
                        const hotreload_segment_t *segment, const uint8_t *bytes,
                        const uint8_t *counts)
{
    static const uint8_t once[4] = {1, 1, 1, 1};
    const uint32_t symbols[] = {0, module->text.run, module->data.run};
    for (uint32_t i = 0; i < image->relocation_count; i++) {
        hotreload_relocation_t relocation = hotreload_image_relocation(image, i);
        uint32_t offset = relocation.place - segment->link;
        if (relocation.type == R_32 && offset < segment->memory_size &&
            memcmp(counts + offset, once, sizeof once) == 0) {
            const uint32_t symbol = relocation.symbol;
            const uint32_t value = symbol >= HOTRELOAD_SYM_KEPT
                                       ? hotreload_kept_address(image, symbol - HOTRELOAD_SYM_KEPT)
                                       : symbols[symbol];
            must(module_get32(bytes + offset) == value + relocation.addend);
        }
    }
}

static void check_segment(const hotreload_image_t *image, const hotreload_module_t *module,
                          const hotreload_segment_t *segment, const uint8_t *bytes)
{
    uint8_t *counts = count_relocations(image, segment);
    for (uint32_t i = 0; i < segment->memory_size; i++) {
        uint8_t original = i < segment->file_size ? segment->bytes[i] : 0;
        must(counts[i] > 0 || bytes[i] == original);
    }
    check_words(image, module, segment, bytes, counts);
    free(counts);
}

static const uint8_t *region_bytes(const hotreload_region_t *region, bool is_text)
{
    static const uint8_t none[1];
    if (region->write == NULL) {
        return none;
    }
    return is_text ? fake_port_text(region->run, region->size)
                   : fake_port_data(region->run, region->size);
}

static void check_region(const hotreload_region_t *region, const hotreload_segment_t *segment)
{
    must(region->size == ((segment->memory_size + 3u) & ~3u));
    must((region->write != NULL) == (segment->memory_size > 0));
    must(region->run % segment->align == 0);
}

static void check_module(const hotreload_image_t *image, const hotreload_module_t *module)
{
    check_region(&module->text, &image->text);
    check_region(&module->data, &image->data);
    check_segment(image, module, &image->text, region_bytes(&module->text, true));
    check_segment(image, module, &image->data, region_bytes(&module->data, false));
}

/** The same module at the same addresses once more: the same bytes. */
static void check_again(const uint8_t *data, size_t size, const hotreload_module_t *first)
{
    hotreload_image_t image;
    hotreload_module_t second;
    hotreload_reason_t reason = {0};
    must(fake_port.fail_allocation == 0);
    uint8_t *text = malloc(first->text.size + 1);
    uint8_t *bytes = malloc(first->data.size + 1);
    memcpy(text, region_bytes(&first->text, true), first->text.size);
    memcpy(bytes, region_bytes(&first->data, false), first->data.size);
    hotreload_module_t copy = *first;
    hotreload_segments_free(&copy);
    fake_port.text_next = first->text.run;
    fake_port.data_next = first->data.run;
    must(hotreload_loader_stage(data, size, 0, &image, &second, &reason) == ESP_OK);
    must(memcmp(&second.fini_offset, &first->fini_offset, 2 * sizeof(uint32_t)) == 0);
    must(memcmp(text, region_bytes(&second.text, true), first->text.size) == 0);
    /* Behind the last byte of .bss there may be up to three that belong to nobody. */
    must(memcmp(bytes, region_bytes(&second.data, false), image.data.memory_size) == 0);
    free(text);
    free(bytes);
    hotreload_kept_abort();
    hotreload_segments_free(&second);
}

/* ---- The transaction ---- */

static uint32_t find_export(const hotreload_image_t *image, const char *name)
{
    hotreload_export_t export = {0};
    while (hotreload_image_next_export(image, &export)) {
        if (strcmp(export.name, name) == 0) {
            return export.address;
        }
    }
    must(!"the module has every export of the table");
    return 0;
}

static void check_slots(const hotreload_image_t *image, const hotreload_module_t *module)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    const char *name = table->names;
    for (uint32_t i = 0; i < table->count; i++, name += strlen(name) + 1) {
        uint32_t offset = table->slots[i] - module->text.run;
        must(offset < module->text.size);
        must(offset == find_export(image, name) - image->text.link);
    }
}

static void run_module(const hotreload_image_t *image, hotreload_module_t *module)
{
    const hotreload_note_init_t *init = &image->init;
    expect_calls(module, init->init_address - image->data.link, init->init_count, false);
    commit_module(image, module);
    must(calls.left == 0);
    check_slots(image, module);
    hotreload_loader_unbind();
    hotreload_kept_free_others(NULL);
    must(is_unbound());
    expect_calls(module, init->fini_address - image->data.link, init->fini_count, true);
    hotreload_loader_run_destructors(module);
    must(calls.left == 0);
    hotreload_segments_free(module);
}

/** What was verified fails for want of memory, in the caches or for a value, and only then. */
static bool may_fail_late(esp_err_t error, const hotreload_reason_t *reason)
{
    return error == ESP_ERR_NO_MEM || (error == ESP_FAIL && fake_port.sync_result == ESP_FAIL) ||
           (error == ESP_ERR_INVALID_SIZE && strstr(reason->text, "(defect 29)") != NULL);
}

/** What may change of the base and of the table, and what else they are made of. */
typedef struct {
    uint8_t text[64];
    uint8_t data[24];
    uint32_t slots[4];
} program_t;

static program_t program_of(const hotreload_module_t *base)
{
    program_t program = {0};
    memcpy(program.text, fake_port_text(base->text.run, 64), sizeof program.text);
    memcpy(program.data, fake_port_data(base->data.run, 24), sizeof program.data);
    memcpy(program.slots, hotreload_firmware_table.slots, sizeof program.slots);
    return program;
}

static void do_nothing(const hotreload_module_t *freed)
{
    (void)freed;
}

static void apply_and_undo(const hotreload_image_t *image, const hotreload_module_t *base)
{
    hotreload_patch_t *patch;
    hotreload_reason_t reason = {0};
    const program_t before = program_of(base);
    esp_err_t error = hotreload_patch_stage(image, 0, base, &patch, &reason);
    check_reason(error, &reason);
    program_t after = program_of(base);
    must(memcmp(&before, &after, sizeof before) == 0);
    if (error != ESP_OK) {
        must(error == ESP_ERR_NO_MEM || error == ESP_ERR_INVALID_SIZE || error == ESP_FAIL);
        return;
    }
    fake_port.fail_allocation = 0;
    must(hotreload_patch_exchange(base, NULL, patch, 0, &reason) == ESP_OK);
    must(hotreload_patch_exchange(base, patch, NULL, 0, &reason) == ESP_OK);
    after = program_of(base);
    must(memcmp(&before, &after, sizeof before) == 0);
    hotreload_patch_release(patch);
    must(hotreload_retired_free(false, do_nothing));
}

/** A patch is applied to a module, and undone. */
static void stage_patch(const hotreload_image_t *image)
{
    module_spec_t spec = module_spec_default();
    hotreload_image_t base_image;
    hotreload_module_t base;
    hotreload_reason_t reason = {0};
    size_t size;
    const unsigned fail = fake_port.fail_allocation;
    fake_port.fail_allocation = 0;
    fake_port.sync_result = ESP_OK;
    uint8_t *file = module_build(&spec, NULL, &size);
    must(hotreload_loader_stage(file, size, 0, &base_image, &base, &reason) == ESP_OK);
    commit_module(&base_image, &base);
    fake_port.fail_allocation = fail;
    hotreload_port_lock(HOTRELOAD_LOCK_MODULE);
    hotreload_note_caller((hotreload_caller_t){.stack = (const uint32_t *)&size});
    apply_and_undo(image, &base);
    hotreload_port_unlock(HOTRELOAD_LOCK_MODULE);
    hotreload_loader_unbind();
    hotreload_kept_free_others(NULL);
    hotreload_segments_free(&base);
    free(file);
    fake_port_expect_idle();
}

static void stage(const uint8_t *data, size_t size, esp_err_t verified)
{
    static const hotreload_module_t none;
    hotreload_image_t image;
    hotreload_module_t module;
    hotreload_reason_t reason = {0};
    esp_err_t error = hotreload_loader_stage(data, size, 0, &image, &module, &reason);
    check_reason(error, &reason);
    must(is_unbound());
    if (error != ESP_OK) {
        must(memcmp(&module, &none, sizeof none) == 0);
        const bool is_patch = image.base_sha256 != NULL && error == ESP_ERR_NOT_SUPPORTED;
        must(verified == error || may_fail_late(error, &reason) || is_patch);
        fake_port_expect_idle();
        if (is_patch && verified == ESP_OK) {
            stage_patch(&image);
        }
        return;
    }
    must(verified == ESP_OK);
    check_module(&image, &module);
    run_module(&image, &module);
    fake_port_expect_idle();
    if (fake_port.fail_allocation == 0) {
        must(hotreload_loader_stage(data, size, 0, &image, &module, &reason) == ESP_OK);
        check_again(data, size, &module);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* the fakes' checks then abort() too */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hotreload_reason_t reason = {0};
    hotreload_reason_t again = {0};
    hotreload_image_t image;
    set_up(data, size);
    esp_err_t verified = hotreload_loader_verify(data, size, &image, &reason);
    check_reason(verified, &reason);
    must(verified == ESP_OK || is_documented(verified));
    must(hotreload_loader_verify(data, size, &image, &again) == verified);
    must(memcmp(&reason, &again, sizeof reason) == 0);
    stage(data, size, verified);
    fake_port_expect_idle();
    return 0;
}

/* ---- Mutation ---- */

/** Plain changes of bytes hardly ever make a module that gets to the relocations. */
static size_t replace(uint8_t *data, size_t max_size, unsigned seed)
{
    uint8_t decisions[96];
    uint32_t random = seed;
    for (size_t i = 0; i < sizeof decisions; i++) {
        random = random * 1664525u + 1013904223u;
        decisions[i] = (uint8_t)(random >> 24);
    }
    fake_port_reset();
    if (seed & 1) {
        fake_port.arch = &hotreload_arch_xtensa;
        fake_port.abi = HOTRELOAD_ABI_XTENSA_WINDOWED;
    }
    fake_port.data_limit = MAX_REGION;
    size_t size;
    input_t input = {decisions, sizeof decisions - KNOBS};
    uint8_t *module = module_source_build(&input, &size);
    if (size + KNOBS > max_size) {
        size = max_size - KNOBS;
    }
    memcpy(data, module, size);
    memcpy(data + size, decisions + sizeof decisions - KNOBS, KNOBS);
    free(module);
    return size + KNOBS;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (seed % 16 == 0 && max_size > KNOBS) {
        return replace(data, max_size, seed / 16);
    }
    if (seed % 16 < 10) {
        module_source_break(data, size, seed * 2654435761u);
        return size;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
