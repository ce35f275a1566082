/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stddef.h>

#include "board.h"
#include "port.h"

/* As many as ESP-IDF's default loop keeps by default. */
#define CAPACITY 32u

typedef struct {
    hotreload_event_t event;
    hotreload_event_data_t data;
} entry_t;

static entry_t queue[CAPACITY];
static unsigned first, count;
static board_event_handler_t handler; /* NULL: nobody listens */
static void *handler_context;

void board_on_event(board_event_handler_t new_handler, void *context)
{
    handler = new_handler;
    handler_context = context;
}

void hotreload_port_post_event(hotreload_event_t event, const hotreload_event_data_t *data)
{
    if (handler != NULL && count < CAPACITY) {
        queue[(first + count) % CAPACITY] = (entry_t){event, *data};
        count++;
    }
}

void board_events_deliver(void)
{
    while (count > 0) {
        const entry_t entry = queue[first];
        first = (first + 1) % CAPACITY;
        count--;
        handler(entry.event, &entry.data, handler_context);
    }
}
