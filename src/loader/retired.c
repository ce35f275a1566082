/* SPDX-License-Identifier: MIT */
#include "loader/retired.h"

static hotreload_retired_t *retired;

void hotreload_retire(hotreload_retired_t *code)
{
    code->next = retired;
    retired = code;
}

/**
 * A module has the variables of its patches, which were retired after it: so it waits for all that
 * was, patches of later modules included.
 */
static bool is_needed(const hotreload_retired_t *code)
{
    return code->size == 0 && code != retired;
}

static bool is_executed(const hotreload_retired_t *code)
{
    const hotreload_code_t place = hotreload_code_of(&code->module);
    hotreload_user_t user;
    return hotreload_find_user(&place, 1, &user);
}

bool hotreload_retired_free(bool known_unused, void (*freed)(const hotreload_module_t *module))
{
    hotreload_retired_t **link = &retired;
    while (*link != NULL) {
        hotreload_retired_t *code = *link;
        if (!known_unused && (is_needed(code) || is_executed(code))) {
            link = &code->next;
            continue;
        }
        *link = code->next;
        freed(&code->module);
        hotreload_segments_free(&code->module);
        if (code->size != 0) {
            hotreload_port_buffer_free(code, code->size);
        }
    }
    return retired == NULL;
}

bool hotreload_retired_find_user(hotreload_user_t *user)
{
    bool found = false;
    for (const hotreload_retired_t *code = retired; code != NULL && !found; code = code->next) {
        const hotreload_code_t place = hotreload_code_of(&code->module);
        found = hotreload_find_user_when_alone(&place, 1, user);
    }
    return found;
}
