/* SPDX-License-Identifier: MIT */
#include "upload/erase_limit.h"

#include "port.h"

/** The last minute in steps of five seconds, and the step that is not over. */
#define STEP_MS 5000u
#define STEPS   13u

static struct {
    uint32_t sectors[STEPS]; /**< counted in each step; a ring */
    uint32_t current;        /**< index of the present step */
    uint32_t begun_ms;       /**< of the present step */
} spent;

static void go_to(uint32_t now_ms)
{
    uint32_t steps = (now_ms - spent.begun_ms) / STEP_MS;
    spent.begun_ms += steps * STEP_MS;
    for (uint32_t i = 0; i < steps && i < STEPS; i++) {
        spent.current = (spent.current + 1) % STEPS;
        spent.sectors[spent.current] = 0;
    }
}

static uint32_t total(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        sum += spent.sectors[i];
    }
    return sum;
}

/** Milliseconds until so many sectors are forgotten: the oldest step goes first. */
static uint32_t time_until_forgotten(uint32_t sectors, uint32_t now_ms)
{
    uint32_t wait_ms = STEP_MS - (now_ms - spent.begun_ms);
    uint32_t forgotten = 0;
    for (uint32_t i = 1; i < STEPS; i++) {
        forgotten += spent.sectors[(spent.current + i) % STEPS];
        if (forgotten >= sectors) {
            break;
        }
        wait_ms += STEP_MS;
    }
    return wait_ms;
}

esp_err_t hotreload_erase_limit_take(uint32_t sectors, uint32_t limit, hotreload_reason_t *reason)
{
    if (limit == 0) {
        return ESP_OK;
    }
    if (sectors > limit) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "%u sectors of flash at once, of %u a minute without "
                              "X-Hotreload-Auth: send it, as the tools do",
                              (unsigned)sectors, (unsigned)limit);
    }
    uint32_t now_ms = hotreload_port_now_ms();
    go_to(now_ms);
    uint32_t sum = total();
    if (sum > limit || sectors > limit - sum) {
        uint32_t wait_ms = time_until_forgotten(sum + sectors - limit, now_ms);
        return hotreload_fail(reason, ESP_ERR_INVALID_STATE,
                              "%u sectors erased within a minute: try again in %u s, or send "
                              "X-Hotreload-Auth, as the tools do",
                              (unsigned)sum, (unsigned)(wait_ms + 999) / 1000);
    }
    spent.sectors[spent.current] += sectors;
    return ESP_OK;
}
