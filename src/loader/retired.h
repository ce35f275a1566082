/*
 * Code that nothing leads to any more. It is freed as soon as no task executes it.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_RETIRED_H
#define HOTRELOAD_RETIRED_H

#include "loader/in_use.h"
#include "loader/segments.h"

typedef struct hotreload_retired hotreload_retired_t;

/** Such code; may be the first part of a larger object. */
struct hotreload_retired {
    hotreload_retired_t *next;
    hotreload_module_t module;
    size_t size; /**< of that object, from hotreload_port_buffer_alloc(); 0: a whole module's */
};

/** Where the code of a module or patch is. */
static inline hotreload_code_t hotreload_code_of(const hotreload_module_t *module)
{
    return (hotreload_code_t){module->text.run, (uint32_t)module->text.size, .returns = true};
}

/** Adds code, to be freed later. */
void hotreload_retire(hotreload_retired_t *code);

/**
 * Frees what no task executes.
 *
 * @param known_unused  true: nobody executes any of it; false: looks who does
 * @param freed         called before the segments are cleared, with each of them
 * @return true: nothing is left
 */
bool hotreload_retired_free(bool known_unused, void (*freed)(const hotreload_module_t *module));

/** Looks for a task that executes any of it. Within hotreload_port_alone(). */
bool hotreload_retired_find_user(hotreload_user_t *user);

#endif
