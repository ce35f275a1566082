/* SPDX-License-Identifier: MIT */
#include "loader/in_use.h"

#include <string.h>

static hotreload_caller_t caller;

void hotreload_note_caller(hotreload_caller_t new_caller)
{
    caller = new_caller;
}

typedef struct {
    const hotreload_code_t *code;
    size_t count;
    bool returns;       /* return addresses count at one of the places */
    uint32_t low, size; /* all places lie in these bytes */
    const hotreload_arch_t *arch;
    hotreload_user_t *user;
} search_t;

static search_t begin_search(const hotreload_code_t *code, size_t count, hotreload_user_t *user)
{
    search_t search = {.code = code, .count = count, .arch = hotreload_port_arch(), .user = user};
    uint32_t low = UINT32_MAX;
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (code[i].size == 0) {
            continue; /* its address is none */
        }
        const uint32_t code_end = code[i].start + code[i].size;
        low = code[i].start < low ? code[i].start : low;
        end = code_end > end ? code_end : end;
        search.returns = search.returns || code[i].returns;
    }
    search.low = low;
    search.size = end - low;
    *user = (hotreload_user_t){0};
    return search;
}

/** A return address is behind a call: never at the first byte, where pointers to code point. */
static bool is_inside(const search_t *search, uint32_t address, bool is_return)
{
    const uint32_t mask = search->arch->return_mask;
    const uint32_t executed = address - (is_return ? 1 : 0);
    for (size_t i = 0; i < search->count; i++) {
        const hotreload_code_t *code = &search->code[i];
        if (((executed - code->start) & mask) < code->size && (code->returns || !is_return)) {
            return true;
        }
    }
    return false;
}

static bool note_user(const search_t *search, const hotreload_task_t *task, uint32_t address)
{
    hotreload_user_t *user = search->user;
    const uint32_t mask = search->arch->return_mask;
    user->found = true;
    strncpy(user->task, task->name[0] != '\0' ? task->name : "(no name)", sizeof user->task - 1);
    user->address = (address & mask) | (search->low & ~mask);
    return false;
}

/**
 * The last of these words that may be a return address to one of the places. All else stands still
 * meanwhile: nearly all words take six instructions.
 */
static const uint32_t *find_candidate(const search_t *search, const uint32_t *from,
                                      const uint32_t *end)
{
    const uint32_t low = search->low + 1; /* as is_inside() */
    const uint32_t size = search->size;
    const uint32_t mask = search->arch->return_mask;
    for (const uint32_t *word = end; word > from;) {
        word--;
        if (((*word - low) & mask) < size && is_inside(search, *word, true)) {
            return word;
        }
    }
    return NULL;
}

/** @return false: the task returns to one of the places, or nobody can tell */
static bool look_at_stack(const search_t *search, const hotreload_task_t *task,
                          hotreload_frame_t frame)
{
    const uint32_t below = search->arch->saved_below;
    const uint32_t *last = find_candidate(search, frame.sp - below, task->end);
    /* One frame more: what Xtensa saves below a stack pointer is the link first, and then the pc.
     */
    const uint32_t *before = frame.sp;
    while (last != NULL && before <= last + below) {
        before = frame.sp;
        if (!search->arch->next_frame(&frame, task->end)) {
            const uint32_t *candidate = find_candidate(search, frame.sp - below, task->end);
            if (candidate == NULL && below > 0 && is_inside(search, frame.link, true)) {
                candidate = &frame.link;
            }
            return candidate == NULL || note_user(search, task, *candidate);
        }
        if (is_inside(search, frame.pc, true)) {
            return note_user(search, task, frame.pc);
        }
    }
    return true;
}

/** @return false: a register may be a return address to one of the places */
static bool look_at_registers(const search_t *search, const hotreload_task_t *task)
{
    const uint32_t *end = task->registers + task->register_count;
    const uint32_t *candidate = find_candidate(search, task->registers, end);
    return candidate == NULL || note_user(search, task, *candidate);
}

static bool look_at_caller(const search_t *search, const hotreload_task_t *task)
{
    if (is_inside(search, caller.return_address, false)) {
        return note_user(search, task, caller.return_address);
    }
    const hotreload_frame_t frame = {
        .pc = caller.return_address,
        .link = caller.return_address,
        .sp = caller.stack,
    };
    return !search->returns || look_at_stack(search, task, frame);
}

static bool look_at_task(const hotreload_task_t *task, void *context)
{
    const search_t *search = context;
    if (task->is_caller) {
        return look_at_caller(search, task);
    }
    if (is_inside(search, task->frame.pc, false)) {
        return note_user(search, task, task->frame.pc);
    }
    return !search->returns ||
           (look_at_registers(search, task) && look_at_stack(search, task, task->frame));
}

static void look_at_tasks(void *search)
{
    hotreload_port_each_task(look_at_task, search);
}

bool hotreload_find_user_when_alone(const hotreload_code_t *code, size_t count,
                                    hotreload_user_t *user)
{
    search_t search = begin_search(code, count, user);
    look_at_tasks(&search);
    return user->found;
}

bool hotreload_find_user(const hotreload_code_t *code, size_t count, hotreload_user_t *user)
{
    search_t search = begin_search(code, count, user);
    const hotreload_region_t nothing_written = {0};
    return hotreload_port_alone(&nothing_written, look_at_tasks, &search) != ESP_OK || user->found;
}
