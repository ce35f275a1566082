/* SPDX-License-Identifier: MIT */
#include "loader/patch.h"

#include <string.h>

#include "image/malformed.h"
#include "loader/arch.h"
#include "loader/in_use.h"
#include "loader/kept.h"
#include "loader/retired.h"
#include "loader/table.h"
#include "loader/text.h"

/** Before the patch is applied, `code` is the jump; afterwards it is what the jump replaced. */
typedef struct {
    uint32_t from; /* offset in the base's text */
    uint32_t busy;
    uint32_t code;
} jump_t;

/** What a jump goes to that cannot reach the patch. */
typedef struct {
    uint32_t at; /* offset in the base's text */
    uint32_t to; /* run address */
} veneer_t;

/** Bytes of the program and bytes of the patch, which change places. */
typedef struct {
    uint8_t *there;
    uint8_t *here;
    uint32_t size;
} swap_t;

struct hotreload_patch {
    hotreload_retired_t code; /* its size: bytes of this object, with its arrays */
    uint32_t jump_count;
    uint32_t veneer_count;
    uint32_t swap_count;
    veneer_t *veneers; /* room for all that the patch may use */
    swap_t *swaps;
    jump_t *jumps;
};

/* ---- Staging ---- */

static hotreload_patch_t *allocate(const hotreload_image_t *image)
{
    const size_t swaps = image->swaps.count * sizeof(swap_t);
    const size_t veneers = image->veneers.count * sizeof(veneer_t);
    const size_t jumps = image->jumps.count * sizeof(jump_t);
    const size_t size = sizeof(hotreload_patch_t) + swaps + veneers + jumps;
    hotreload_patch_t *patch = hotreload_port_buffer_alloc(size);
    if (patch != NULL) {
        memset(patch, 0, size);
        patch->code.size = size;
        patch->jump_count = image->jumps.count;
        patch->swap_count = image->swaps.count;
        patch->swaps = (swap_t *)(patch + 1);
        patch->veneers = (veneer_t *)(patch->swaps + patch->swap_count);
        patch->jumps = (jump_t *)(patch->veneers + image->veneers.count);
    }
    return patch;
}

static void free_patch(hotreload_patch_t *patch)
{
    hotreload_segments_free(&patch->code.module);
    hotreload_port_buffer_free(patch, patch->code.size);
}

/** @return false: the patch names no veneer that the jump can reach */
static bool stage_veneer(const hotreload_image_t *image, uint32_t index,
                         const hotreload_module_t *base, hotreload_patch_t *patch, uint32_t to)
{
    const hotreload_arch_t *arch = hotreload_port_arch();
    if (arch->encode_veneer == NULL || image->veneers.count == 0) {
        return false;
    }
    const uint32_t at = hotreload_image_veneer(image, index);
    const uint32_t size = HOTRELOAD_VENEER_WORDS * sizeof(uint32_t);
    jump_t *jump = &patch->jumps[index];
    if (base->text.size < size || at > base->text.size - size ||
        arch->encode_jump(base->text.run + jump->from, base->text.run + at + sizeof(uint32_t),
                          &jump->code) != ESP_OK) {
        return false;
    }
    patch->veneers[patch->veneer_count++] = (veneer_t){.at = at, .to = to};
    return true;
}

static esp_err_t stage_jump(const hotreload_image_t *image, uint32_t index,
                            const hotreload_module_t *base, hotreload_patch_t *patch,
                            hotreload_reason_t *reason)
{
    const hotreload_arch_t *arch = hotreload_port_arch();
    const hotreload_jump_t jump = hotreload_image_jump(image, index);
    const size_t size = base->text.size;
    if (jump.from > size || jump.busy > size - jump.from || jump.busy < arch->jump_size) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_JUMP_PLACE);
    }
    patch->jumps[index] = (jump_t){.from = jump.from, .busy = jump.busy};
    const uint32_t to = patch->code.module.text.run + (jump.to - image->text.link);
    if (arch->encode_jump(base->text.run + jump.from, to, &patch->jumps[index].code) != ESP_OK &&
        !stage_veneer(image, index, base, patch, to)) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "the patch's memory is too far from its base: send a whole module");
    }
    return ESP_OK;
}

/** Where the program's bytes are; NULL: there are none such. */
static uint8_t *find_swapped(const hotreload_swap_t *swap, const hotreload_module_t *base)
{
    const hotreload_table_t *table = &hotreload_firmware_table;
    if (swap->symbol == HOTRELOAD_SYM_NONE) {
        const bool is_slot = swap->addend < table->slot_count && swap->size == sizeof(uint32_t);
        return is_slot ? (uint8_t *)&table->slots[swap->addend] : NULL;
    }
    const size_t size = base->data.size;
    const bool fits = swap->addend <= size && swap->size <= size - swap->addend;
    return fits ? (uint8_t *)base->data.write + swap->addend : NULL;
}

static esp_err_t stage_swap(const hotreload_image_t *image, uint32_t index,
                            const hotreload_module_t *base, hotreload_patch_t *patch,
                            hotreload_reason_t *reason)
{
    const hotreload_swap_t swap = hotreload_image_swap(image, index);
    uint8_t *there = find_swapped(&swap, base);
    if (there == NULL) {
        return hotreload_malformed(reason, HOTRELOAD_BAD_SWAP_PLACE);
    }
    uint8_t *here = (uint8_t *)patch->code.module.data.write + (swap.source - image->data.link);
    patch->swaps[index] = (swap_t){there, here, swap.size};
    return ESP_OK;
}

esp_err_t hotreload_patch_stage(const hotreload_image_t *image, uint32_t caps,
                                const hotreload_module_t *base, hotreload_patch_t **staged,
                                hotreload_reason_t *reason)
{
    hotreload_patch_t *patch = allocate(image);
    if (patch == NULL) {
        return hotreload_fail(reason, ESP_ERR_NO_MEM, "no memory for the list of %u changes",
                              (unsigned)(image->jumps.count + image->swaps.count));
    }
    esp_err_t error = hotreload_segments_place(image, caps, base, &patch->code.module, reason);
    for (uint32_t i = 0; error == ESP_OK && i < patch->jump_count; i++) {
        error = stage_jump(image, i, base, patch, reason);
    }
    for (uint32_t i = 0; error == ESP_OK && i < patch->swap_count; i++) {
        error = stage_swap(image, i, base, patch, reason);
    }
    if (error != ESP_OK) {
        hotreload_kept_abort();
        free_patch(patch);
        return error;
    }
    *staged = patch;
    return ESP_OK;
}

/* ---- Applying and undoing ---- */

static uint32_t jumps_of(const hotreload_patch_t *patch)
{
    return patch != NULL ? patch->jump_count : 0;
}

static void exchange_bytes(const swap_t *swap)
{
    if (swap->size == sizeof(uint32_t) && (uintptr_t)swap->there % sizeof(uint32_t) == 0) {
        /* Perhaps a slot: an interrupt must not see half of it. */
        uint32_t *there = (uint32_t *)(void *)swap->there;
        const uint32_t old = *there;
        uint32_t new;
        memcpy(&new, swap->here, sizeof new);
        *there = new;
        memcpy(swap->here, &old, sizeof old);
        return;
    }
    for (uint32_t i = 0; i < swap->size; i++) {
        const uint8_t byte = swap->here[i];
        swap->here[i] = swap->there[i];
        swap->there[i] = byte;
    }
}

static void exchange_jump(const hotreload_module_t *base, jump_t *jump)
{
    const uint32_t size = hotreload_port_arch()->jump_size;
    uint32_t old = 0;
    hotreload_text_read(&base->text, jump->from, &old, size);
    hotreload_text_write(&base->text, jump->from, &jump->code, size);
    jump->code = old;
}

/** What the memory held before is of no use. */
static void write_veneer(const hotreload_module_t *base, const veneer_t *veneer)
{
    uint32_t code[HOTRELOAD_VENEER_WORDS];
    hotreload_port_arch()->encode_veneer(veneer->to, code);
    hotreload_text_write(&base->text, veneer->at, code, sizeof code);
}

static void write_patch(const hotreload_module_t *base, hotreload_patch_t *patch)
{
    for (uint32_t i = 0; i < patch->veneer_count; i++) {
        write_veneer(base, &patch->veneers[i]);
    }
    for (uint32_t i = 0; i < patch->jump_count; i++) {
        exchange_jump(base, &patch->jumps[i]);
    }
    for (uint32_t i = 0; i < patch->swap_count; i++) {
        exchange_bytes(&patch->swaps[i]);
    }
}

/** Backwards: a byte may be swapped twice. */
void hotreload_patch_undo(const hotreload_module_t *base, hotreload_patch_t *patch)
{
    for (uint32_t i = patch != NULL ? patch->swap_count : 0; i > 0; i--) {
        exchange_bytes(&patch->swaps[i - 1]);
    }
    for (uint32_t i = jumps_of(patch); i > 0; i--) {
        exchange_jump(base, &patch->jumps[i - 1]);
    }
}

static size_t places_of(const hotreload_patch_t *patch)
{
    return patch != NULL ? patch->jump_count + patch->veneer_count : 0;
}

/** Where no task may go on while a patch's jumps and veneers are written: in one, or in a loop
 * that a jump cuts. */
static void list_places(const hotreload_module_t *base, const hotreload_patch_t *patch,
                        hotreload_code_t *places)
{
    for (uint32_t i = 0; patch != NULL && i < patch->veneer_count; i++) {
        *places++ = (hotreload_code_t){
            .start = base->text.run + patch->veneers[i].at,
            .size = HOTRELOAD_VENEER_WORDS * sizeof(uint32_t),
        };
    }
    for (uint32_t i = 0; i < jumps_of(patch); i++) {
        const jump_t *jump = &patch->jumps[i];
        places[i] = (hotreload_code_t){
            .start = base->text.run + jump->from,
            .size = jump->busy,
            .returns = jump->busy > hotreload_port_arch()->jump_size,
        };
    }
}

typedef struct {
    const hotreload_module_t *base;
    hotreload_patch_t *old, *new;
    hotreload_code_t *places;
    size_t place_count;
    uint32_t blamed;
    bool done;
    hotreload_user_t user;
} exchange_t;

static void exchange_if_free(void *context)
{
    exchange_t *exchange = context;
    exchange->done =
        !hotreload_find_user_when_alone(exchange->places, exchange->place_count, &exchange->user);
    if (exchange->done) {
        hotreload_port_retain(exchange->blamed);
        hotreload_patch_undo(exchange->base, exchange->old);
        if (exchange->new != NULL) {
            write_patch(exchange->base, exchange->new);
        }
    }
}

static esp_err_t exchange_alone(exchange_t *exchange, hotreload_reason_t *reason)
{
    const esp_err_t error = hotreload_port_alone(&exchange->base->text, exchange_if_free, exchange);
    if (error != ESP_OK) {
        return hotreload_fail(reason, error, "cannot stop all tasks");
    }
    return exchange->done
               ? ESP_OK
               : hotreload_fail(reason, ESP_ERR_HOTRELOAD_TASK_INSIDE,
                                "task %s stays at 0x%x, where the patch changes the code",
                                exchange->user.task, (unsigned)exchange->user.address);
}

esp_err_t hotreload_patch_exchange(const hotreload_module_t *base, hotreload_patch_t *old,
                                   hotreload_patch_t *new, uint32_t blamed,
                                   hotreload_reason_t *reason)
{
    exchange_t exchange = {.base = base, .old = old, .new = new, .blamed = blamed};
    exchange.place_count = places_of(old) + places_of(new);
    const size_t size = (exchange.place_count + 1) * sizeof *exchange.places; /* never 0 */
    exchange.places = hotreload_port_buffer_alloc(size);
    if (exchange.places == NULL) {
        return hotreload_fail(reason, ESP_ERR_NO_MEM, "no memory for a list of %u jumps",
                              (unsigned)exchange.place_count);
    }
    list_places(base, old, exchange.places);
    list_places(base, new, exchange.places + places_of(old));
    const esp_err_t error = exchange_alone(&exchange, reason);
    hotreload_port_buffer_free(exchange.places, size);
    if (error == ESP_OK) {
        hotreload_kept_commit();
    }
    return error;
}

/* ---- Releasing ---- */

void hotreload_patch_release(hotreload_patch_t *patch)
{
    if (patch != NULL) {
        hotreload_retire(&patch->code);
    }
}

hotreload_patch_info_t hotreload_patch_info(const hotreload_patch_t *patch)
{
    static const hotreload_module_t none;
    return (hotreload_patch_info_t){
        .module = patch != NULL ? &patch->code.module : &none,
        .jumps = jumps_of(patch),
    };
}

bool hotreload_patch_find_user(const hotreload_module_t *base, const hotreload_patch_t *patch,
                               hotreload_user_t *user)
{
    const hotreload_code_t code[] = {hotreload_code_of(base),
                                     hotreload_code_of(hotreload_patch_info(patch).module)};
    return hotreload_find_user_when_alone(code, 2, user) || hotreload_retired_find_user(user);
}
