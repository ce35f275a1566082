/* SPDX-License-Identifier: MIT */
#include "candidates.h"

#include <stdio.h>
#include <string.h>

#include "loader/table.h"
#include "module_builder.h"
#include "thread_flash.h"
#include "thread_memory.h"
#include "thread_port.h"
#include "receive/auth.h"
#include "receive/requests.h"

#define TEXT_LINK 0xa0000000u
#define DATA_LINK 0xb0000000u
#define DATA_FILE 16u /* two addresses of functions, then a pattern */
#define DATA_SIZE 24u
#define HUGE_SIZE 4096u

enum { R_RISCV_32 = 1, CONSTRUCTOR = 4, DESTRUCTOR = 8 /* offsets in the text */ };

candidate_t candidates[CANDIDATES];
static size_t data_offsets[CANDIDATES], text_offsets[CANDIDATES]; /* in the files */

void candidate_to_hex(thread_port_digest_t digest, char hex[65])
{
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
    }
}

static void build(uint32_t index)
{
    static const module_relocation_t relocations[] = {
        {DATA_LINK, R_RISCV_32, HOTRELOAD_SYM_TEXT, CONSTRUCTOR},
        {DATA_LINK + 4, R_RISCV_32, HOTRELOAD_SYM_TEXT, DESTRUCTOR}};
    module_spec_t spec = module_spec_default();
    spec.seed = index;
    spec.text_size = 128 + 4 * index + (index % 3) * 140; /* all different */
    spec.data_file_size = DATA_FILE;
    spec.data_size = index == CANDIDATE_HUGE ? HUGE_SIZE : DATA_SIZE;
    spec.relocations = relocations;
    spec.relocation_count = 2;
    spec.init = (hotreload_note_init_t){DATA_LINK, 1, DATA_LINK + 4, 1};
    candidate_t *candidate = &candidates[index];
    module_layout_t layout;
    candidate->file = module_build(&spec, &layout, &candidate->size);
    candidate->text_size = (uint32_t)spec.text_size;
    text_offsets[index] = layout.text;
    data_offsets[index] = layout.data;
    candidate->sha256 = thread_port_digest(NULL, 0, candidate->file, candidate->size);
    candidate_to_hex(candidate->sha256, candidate->sha256_hex);
    candidate_to_hex(thread_port_digest(hotreload_secret, sizeof hotreload_secret, candidate->file,
                                        candidate->size),
                     candidate->hmac_hex);
    if (candidate->size + 128 > CANDIDATE_SECTORS * THREAD_FLASH_SECTOR) {
        thread_port_fail("candidate %u of %zu bytes is too long", index, candidate->size);
    }
}

void candidates_build(void)
{
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        build(i);
        if (candidate_of_text(candidates[i].text_size) != &candidates[i]) {
            thread_port_fail("two candidates have %u bytes of text", candidates[i].text_size);
        }
    }
}

const candidate_t *candidate_of_text(uint32_t text_size)
{
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        if (candidates[i].text_size == text_size) {
            return &candidates[i];
        }
    }
    thread_port_fail("no module has %u bytes of text", text_size);
}

static void check_whole(const candidate_t *candidate, uint32_t run, const uint8_t *text)
{
    const size_t index = (size_t)(candidate - candidates);
    const uint32_t functions[] = {run + CONSTRUCTOR, run + DESTRUCTOR};
    size_t size;
    const uint8_t *data = thread_memory_data(functions[0], &size);
    const uint8_t *pattern = candidate->file + data_offsets[index] + sizeof functions;
    bool whole = size >= DATA_SIZE;
    whole = whole && memcmp(text, candidate->file + text_offsets[index], candidate->text_size) == 0;
    whole = whole && memcmp(data, functions, sizeof functions) == 0;
    whole = whole && memcmp(data + sizeof functions, pattern, DATA_FILE - sizeof functions) == 0;
    for (size_t i = DATA_FILE; whole && i < size; i++) {
        whole = data[i] == 0;
    }
    if (!whole) {
        thread_port_fail("candidate %zu is loaded, but not whole", index);
    }
    if (!candidate->may_load) {
        thread_port_fail("candidate %zu is loaded, which nobody offered", index);
    }
}

/** @return the loaded one, checked; NULL: none is loaded */
static const candidate_t *loaded(void)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    if (memcmp(table->slots, table->missing, table->count * sizeof table->slots[0]) == 0) {
        return NULL;
    }
    const uint32_t run = table->slots[0];
    if (table->slots[1] != run + 0x10 || table->slots[2] != run + 0x20) {
        thread_port_fail("the table leads to more than one module");
    }
    size_t size;
    const uint8_t *text = thread_memory_text(run, &size);
    const candidate_t *candidate = candidate_of_text((uint32_t)size);
    check_whole(candidate, run, text);
    return candidate;
}

void candidates_check_loaded(void)
{
    (void)loaded();
}

void candidate_expect_loaded(const candidate_t *candidate)
{
    if (loaded() != candidate) {
        thread_port_fail("another module is loaded than the newest one");
    }
}
