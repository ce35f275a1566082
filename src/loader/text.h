/*
 * Bytes of a text at any offset. The text itself is only accessed by aligned words.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_TEXT_H
#define HOTRELOAD_TEXT_H

#include "port.h"

/** Copies bytes from a text, or to it; all of them lie inside. @param offset  in the text, bytes */
void hotreload_text_read(const hotreload_region_t *text, uint32_t offset, void *bytes,
                         uint32_t size);
void hotreload_text_write(const hotreload_region_t *text, uint32_t offset, const void *bytes,
                          uint32_t size);

#endif
