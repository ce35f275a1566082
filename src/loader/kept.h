/*
 * Kept variables: they live outside modules and patches, and are found again by their keys. So a
 * new module or patch finds them where they were, with the value that they have.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_KEPT_H
#define HOTRELOAD_KEPT_H

#include "image/image.h"
#include "port.h"
#include "reason.h"

/**
 * Finds each kept variable of an image, or gives memory to one that is new. New ones last only
 * after hotreload_kept_commit().
 *
 * @param caps  capabilities of the memory; 0: the port chooses
 * @return ESP_OK; ESP_ERR_NO_MEM: a new variable gets no memory; ESP_ERR_INVALID_RESPONSE: a key
 *         stands for another size than before
 */
esp_err_t hotreload_kept_stage(const hotreload_image_t *image, uint32_t caps,
                               hotreload_reason_t *reason);

/** Run address of kept variable `index` of an image that was staged. */
uint32_t hotreload_kept_address(const hotreload_image_t *image, uint32_t index);

/** Gives new variables their initial values. @param data  the image's data, relocated */
void hotreload_kept_fill(const hotreload_image_t *image, const hotreload_region_t *data);

/** Keeps the new variables. */
void hotreload_kept_commit(void);

/** Frees the new variables, if any. */
void hotreload_kept_abort(void);

/** Frees all variables that an image does not have; NULL: all. Nothing uses them any more. */
void hotreload_kept_free_others(const hotreload_image_t *image);

#endif
