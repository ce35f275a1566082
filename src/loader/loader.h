/*
 * The loader: places a module in RAM, relocates it, says what the firmware's table is to hold for
 * it, and runs its constructors and destructors.
 *
 * The caller holds HOTRELOAD_LOCK_MODULE, except for hotreload_loader_verify().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_LOADER_H
#define HOTRELOAD_LOADER_H

#include "image/image.h"
#include "loader/segments.h"
#include "loader/table.h"
#include "port.h"
#include "reason.h"

/**
 * Checks all of a module that can be checked without giving it memory: its structure, that it is
 * for this chip, ABI and firmware, has every export of the firmware's table, and that each
 * relocation is of a known type and lies inside its segment. Any task.
 *
 * @param data   the packed module or patch, any alignment
 * @param size   bytes that may be read
 * @param image  filled in by this call
 * @return ESP_OK, or with a reason:
 *      - ESP_ERR_INVALID_SIZE: cut short, or a table or segment reaches outside
 *      - ESP_ERR_INVALID_RESPONSE: not a module, or a malformed one
 *      - ESP_ERR_NOT_SUPPORTED: another chip, ABI, format, or an unknown relocation type
 *      - ESP_ERR_INVALID_VERSION: linked with another firmware
 *      - ESP_ERR_NOT_FOUND: an export is missing
 */
esp_err_t hotreload_loader_verify(const void *data, size_t size, hotreload_image_t *image,
                                  hotreload_reason_t *reason);

/** Like hotreload_loader_verify(), without the relocations. */
esp_err_t hotreload_loader_read(const void *data, size_t size, hotreload_image_t *image,
                                hotreload_reason_t *reason);

/**
 * Verifies, allocates, copies and relocates. Nothing is visible to the program yet; an error frees
 * all that was taken.
 *
 * @param image   filled in by this call, for the next steps
 * @param data    the packed module; stays as it is until its constructors have run
 * @param caps    capabilities of the memory; 0: the port chooses
 * @param staged  gets the module in RAM
 * @return as hotreload_loader_verify(), or ESP_ERR_NO_MEM; ESP_ERR_NOT_SUPPORTED also for a patch
 */
esp_err_t hotreload_loader_stage(const void *data, size_t size, uint32_t caps,
                                 hotreload_image_t *image, hotreload_module_t *staged,
                                 hotreload_reason_t *reason);

/**
 * Says what the table's slots of exports hold when a staged module runs. Takes its time: a compared
 * name for each export.
 *
 * @param slots  gets hotreload_firmware_table.count run addresses
 */
void hotreload_loader_fill_slots(const hotreload_image_t *image, const hotreload_module_t *staged,
                                 uint32_t *slots);

/**
 * Writes what the firmware has of a staged module, if its first constructor does only that: homes,
 * virtual tables and the slots of callbacks. May be called within hotreload_port_alone().
 */
void hotreload_loader_fill(const hotreload_image_t *image, const hotreload_module_t *staged);

/** Runs the constructors of a module that the table points to, after hotreload_loader_fill(). */
void hotreload_loader_construct(const hotreload_image_t *image, const hotreload_module_t *staged);

/** Points every slot of the table to its missing-function handler. */
void hotreload_loader_unbind(void);

/** Runs the destructors of a module, once. */
void hotreload_loader_run_destructors(hotreload_module_t *module);

#endif
