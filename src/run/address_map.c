/* SPDX-License-Identifier: MIT */
#include "run/address_map.h"

#include "hotreload.h"
#include "port.h"

/* Modules and patches that run, and the last few that ran. */
#define PLACES 5u

typedef struct {
    uint32_t text, text_size; /* run addresses, bytes */
    uint32_t data, data_size;
    uint32_t sequence;
    bool is_patch;
    bool lives; /* false: it was freed, or the place is unused */
} place_t;

static place_t places[PLACES]; /* the newest first */

/** A text that grows in a buffer; what does not fit is cut. */
typedef struct {
    char *text;
    size_t size, length;
} line_t;

/** The oldest that does not live, else the oldest patch: the module is older than its patches. */
static unsigned find_least_useful(void)
{
    unsigned oldest_patch = 0;
    unsigned index = PLACES;
    while (index-- > 0 && places[index].lives) {
        if (oldest_patch == 0 && places[index].is_patch) {
            oldest_patch = index;
        }
    }
    return index < PLACES ? index : oldest_patch;
}

static void note_module(const hotreload_module_t *module, uint32_t sequence, bool is_patch)
{
    for (unsigned i = find_least_useful(); i > 0; i--) {
        places[i] = places[i - 1];
    }
    places[0] = (place_t){
        .text = module->text.run,
        .text_size = (uint32_t)module->text.size,
        .data = module->data.run,
        .data_size = (uint32_t)module->data.size,
        .sequence = sequence,
        .is_patch = is_patch,
        .lives = true,
    };
}

void hotreload_address_map_add(const hotreload_module_t *module, uint32_t sequence)
{
    note_module(module, sequence, false);
}

void hotreload_address_map_add_patch(const hotreload_module_t *patch, uint32_t sequence)
{
    note_module(patch, sequence, true);
}

void hotreload_address_map_free(const hotreload_module_t *module)
{
    for (unsigned i = 0; i < PLACES; i++) {
        if (places[i].text == module->text.run && places[i].data == module->data.run) {
            places[i].lives = false;
        }
    }
}

bool hotreload_is_module_code(uint32_t address)
{
    for (unsigned i = 0; i < PLACES; i++) {
        if (address - places[i].text < places[i].text_size) {
            return true;
        }
    }
    return false;
}

static void append_words(line_t *line, const char *words)
{
    for (; *words != '\0' && line->length + 1 < line->size; words++) {
        line->text[line->length++] = *words;
    }
    line->text[line->length] = '\0';
}

/* Without printf, because a panic handler calls this. */
static void append_number(line_t *line, uint32_t number, uint32_t base)
{
    char digits[11];
    char *first = &digits[sizeof digits - 1];
    *first = '\0';
    do {
        *--first = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    append_words(line, first);
}

static void append_place(line_t *line, const place_t *place, const char *segment, uint32_t offset)
{
    append_words(line, "offset 0x");
    append_number(line, offset, 16);
    append_words(line, segment);
    if (place->sequence == 0) {
        append_words(line, "an unnumbered module");
    } else {
        append_words(line, place->is_patch ? "patch " : "module ");
        append_number(line, place->sequence, 10);
    }
    if (!place->lives) {
        append_words(line,
                     ", which was freed: a task, timer or callback still used it after a reload");
    }
}

/** The heap has given freed data to others, so only freed code is described. */
static bool describe_in_module(const place_t *place, uint32_t address, line_t *line)
{
    if (address - place->text < place->text_size) {
        append_place(line, place, " of the code of ", address - place->text);
        return true;
    }
    if (place->lives && address - place->data < place->data_size) {
        append_place(line, place, " of the data of ", address - place->data);
        return true;
    }
    return false;
}

const char *hotreload_describe_address(uint32_t address, char *text, size_t size)
{
    line_t line = {.text = text, .size = size};
    for (unsigned freed = 0; size > 0 && freed <= 1; freed++) {
        for (unsigned age = 0; age < PLACES; age++) {
            const place_t *place = &places[age];
            if (place->lives == (freed == 0) && describe_in_module(place, address, &line)) {
                return text;
            }
        }
    }
    return NULL;
}
