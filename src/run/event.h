/*
 * What happened, for the application: events of hotreload.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_EVENT_H
#define HOTRELOAD_EVENT_H

#include "hotreload.h"

/**
 * Hands an event to the port, which delivers it later, in another task. Any task, with any lock.
 *
 * @param sequence  of the module or patch; 0: it has none
 * @param reason    in words; NULL: there is nothing to say
 */
void hotreload_post_event(hotreload_event_t event, uint32_t sequence, const char *reason);

/** Tells the application and its automatic reloads that a module or patch has come. Any task. */
void hotreload_announce_upload(uint32_t sequence);

#endif
