/* SPDX-License-Identifier: MIT */
#include "run/status.h"

#include "port.h"
#include "run/event.h"

static hotreload_status_t current;

void hotreload_status_set_module(const hotreload_module_t *module,
                                 const hotreload_running_t *running)
{
    static const hotreload_module_t none;
    static const hotreload_running_t nothing;
    if (module == NULL) {
        running = &nothing;
    }
    const hotreload_module_t *shown = module != NULL ? module : &none;
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    current.loaded = module != NULL;
    current.sequence = running->patch != 0 ? running->patch : running->base;
    current.running = *running;
    current.reloads += module != NULL;
    current.since_ms = hotreload_port_now_ms();
    current.text_run = shown->text.run;
    current.text_size = (uint32_t)shown->text.size;
    current.data_run = shown->data.run;
    current.data_size = (uint32_t)shown->data.size;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_status_set_warning(const hotreload_reason_t *warning)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    current.last_error = *warning;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_status_clear_error(void)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    hotreload_reason_clear(&current.last_error);
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_status_set_error(const hotreload_reason_t *reason)
{
    hotreload_status_set_warning(reason);
    hotreload_post_event(HOTRELOAD_EVENT_FAILED, 0, reason->text);
}

void hotreload_status_set_rollback(const hotreload_reason_t *rollback)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    current.rollback = *rollback;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}

void hotreload_status_get(hotreload_status_t *status)
{
    hotreload_port_lock(HOTRELOAD_LOCK_STATUS);
    *status = current;
    hotreload_port_unlock(HOTRELOAD_LOCK_STATUS);
}
