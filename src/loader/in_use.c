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
    bool returns;
    uint32_t mask;
    hotreload_user_t *user;
} search_t;

static bool is_inside(const search_t *search, uint32_t address)
{
    for (size_t i = 0; i < search->count; i++) {
        if (((address - search->code[i].start) & search->mask) < search->code[i].size) {
            return true;
        }
    }
    return false;
}

static bool note_user(const search_t *search, const hotreload_task_t *task, uint32_t address)
{
    hotreload_user_t *user = search->user;
    strncpy(user->task, task->name, sizeof user->task - 1);
    user->task[sizeof user->task - 1] = '\0';
    user->address = address;
    return false;
}

static bool look_at_task(const hotreload_task_t *task, void *context)
{
    const search_t *search = context;
    const uint32_t pc = task->pc != 0 ? task->pc : caller.return_address;
    if (is_inside(search, pc)) {
        return note_user(search, task, pc);
    }
    for (const uint32_t *word = task->stack; search->returns && word < task->end; word++) {
        if (is_inside(search, *word)) {
            return note_user(search, task, *word);
        }
    }
    return true;
}

bool hotreload_find_user_when_alone(const hotreload_code_t *code, size_t count, bool returns,
                                    hotreload_user_t *user)
{
    search_t search = {code, count, returns, hotreload_port_arch()->return_mask, user};
    *user = (hotreload_user_t){0};
    hotreload_port_each_task(caller.stack, look_at_task, &search);
    return user->task[0] != '\0';
}

typedef struct {
    const hotreload_code_t *code;
    size_t count;
    hotreload_user_t *user;
} order_t;

static void find_user(void *context)
{
    const order_t *order = context;
    (void)hotreload_find_user_when_alone(order->code, order->count, true, order->user);
}

bool hotreload_find_user(const hotreload_code_t *code, size_t count, hotreload_user_t *user)
{
    order_t order = {code, count, user};
    const hotreload_region_t nothing_written = {0};
    *user = (hotreload_user_t){0};
    return hotreload_port_alone(&nothing_written, find_user, &order) != ESP_OK ||
           user->task[0] != '\0';
}
