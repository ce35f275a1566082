/*
 * Patches: new versions of some functions of a base, which goes on being used. An old function
 * that has a new version begins with a jump to it.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PATCH_H
#define HOTRELOAD_PATCH_H

#include "image/image.h"
#include "loader/in_use.h"
#include "loader/segments.h"
#include "port.h"
#include "reason.h"

/** A patch in RAM. */
typedef struct hotreload_patch hotreload_patch_t;

/** What of a patch others may know. */
typedef struct {
    const hotreload_module_t *module; /**< its segments */
    uint32_t jumps;                   /**< old functions that lead to new ones */
} hotreload_patch_info_t;

/**
 * Places a patch. Nothing is visible to the program yet; an error frees all that was taken.
 *
 * @param image   a verified patch of `base`; not needed after this call
 * @param caps    capabilities of the memory; 0: the port chooses
 * @param staged  gets the patch
 * @return ESP_OK; ESP_ERR_NO_MEM; ESP_ERR_INVALID_SIZE: a jump begins outside the base or cannot
 *         reach the patch; or as hotreload_segments_place()
 */
esp_err_t hotreload_patch_stage(const hotreload_image_t *image, uint32_t caps,
                                const hotreload_module_t *base, hotreload_patch_t **staged,
                                hotreload_reason_t *reason);

/**
 * Undoes one patch of a base and applies another, in one step for the rest of the program.
 *
 * @param old  what is applied; NULL: none. It is undone, but not freed.
 * @param new  what is to be applied; NULL: none
 * @param blamed  sequence, for a crash from that step on (hotreload_port_retain()); 0: none
 * @return ESP_OK; ESP_ERR_HOTRELOAD_TASK_INSIDE: a task, which the reason names, stands just where
 *         code is to be overwritten: try again after a pause; ESP_ERR_NO_MEM; ESP_ERR_TIMEOUT: the
 *         other core did not stop. After an error nothing has changed.
 */
esp_err_t hotreload_patch_exchange(const hotreload_module_t *base, hotreload_patch_t *old,
                                   hotreload_patch_t *new, uint32_t blamed,
                                   hotreload_reason_t *reason);

/** Lets hotreload_retired_free() free a patch that is not applied; NULL: does nothing. */
void hotreload_patch_release(hotreload_patch_t *patch);

/**
 * Undoes a patch when its base is given up; NULL: does nothing. Within hotreload_port_alone().
 */
void hotreload_patch_undo(const hotreload_module_t *base, hotreload_patch_t *patch);

/** Describes a patch; NULL: no segments, no jumps. */
hotreload_patch_info_t hotreload_patch_info(const hotreload_patch_t *patch);

/**
 * Looks for a task that executes code of a base, of its patch, or retired code. Within
 * hotreload_port_alone().
 *
 * @param patch  what is applied; NULL: none
 * @param user   gets the task
 * @return true: there is one
 */
bool hotreload_patch_find_user(const hotreload_module_t *base, const hotreload_patch_t *patch,
                               hotreload_user_t *user);

#endif
