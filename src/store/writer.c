/* SPDX-License-Identifier: MIT */
#include "store/writer.h"

#include <string.h>

void hotreload_writer_begin(hotreload_writer_t *writer, const hotreload_flash_t *flash,
                            const char *label, hotreload_span_t span, uint32_t length)
{
    *writer = (hotreload_writer_t){
        .flash = flash,
        .label = label,
        .span = span,
        .length = length,
        .base = HOTRELOAD_NO_BASE,
        .position = span.start + HOTRELOAD_RECORD_DATA,
        .erased_end = span.start,
    };
}

/**
 * Refuses data that makes a sector begin with a record's magic number. The data is not authentic
 * yet: after a power cut, a record inside a stranger's upload would count.
 */
static esp_err_t check_sector_start(const uint8_t *start, uint32_t byte, hotreload_reason_t *reason)
{
    uint32_t magic;
    memcpy(&magic, start, sizeof magic);
    if (magic == HOTRELOAD_RECORD_MAGIC) {
        return hotreload_fail(
            reason, ESP_ERR_INVALID_RESPONSE,
            "byte %u of the module looks like a record of the store: change its size",
            (unsigned)byte);
    }
    return ESP_OK;
}

static esp_err_t check_complete(const hotreload_writer_t *writer, hotreload_reason_t *reason)
{
    if (writer->taken < writer->length) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE,
                              "only %u of the announced %u bytes came", (unsigned)writer->taken,
                              (unsigned)writer->length);
    }
    return ESP_OK;
}

esp_err_t hotreload_writer_check_counted(hotreload_writer_t *writer, const void *data,
                                         hotreload_reason_t *reason)
{
    const uint8_t *module = data;
    const uint32_t sector = writer->flash->erase_size;
    esp_err_t error = check_complete(writer, reason);
    for (uint32_t byte = sector - HOTRELOAD_RECORD_DATA;
         error == ESP_OK && byte + sizeof(uint32_t) <= writer->length; byte += sector) {
        error = check_sector_start(module + byte, byte, reason);
    }
    writer->taken = 0;
    return error;
}

static esp_err_t erase_next_sector(hotreload_writer_t *writer, hotreload_reason_t *reason)
{
    uint32_t sector = writer->erased_end;
    esp_err_t error = hotreload_port_flash_erase(writer->flash, sector, writer->flash->erase_size);
    if (error != ESP_OK) {
        return hotreload_record_fail_flash(writer->label, "erased", reason);
    }
    writer->erased_end += writer->flash->erase_size;
    return ESP_OK;
}

static esp_err_t write_flash(const hotreload_writer_t *writer, uint32_t offset, const void *data,
                             size_t size, hotreload_reason_t *reason)
{
    esp_err_t error = hotreload_port_flash_write(writer->flash, offset, data, size);
    if (error != ESP_OK) {
        return hotreload_record_fail_flash(writer->label, "written", reason);
    }
    return ESP_OK;
}

/** Writes whole units in as few writes as there are sectors: each stops the other core. */
static esp_err_t write_units(hotreload_writer_t *writer, const uint8_t *from, size_t size,
                             hotreload_reason_t *reason)
{
    const uint32_t sector = writer->flash->erase_size;
    esp_err_t error = ESP_OK;
    while (error == ESP_OK && size > 0) {
        const size_t room = sector - writer->position % sector;
        const size_t part = size < room ? size : room;
        if (room == sector) {
            error = check_sector_start(
                from, writer->position - writer->span.start - HOTRELOAD_RECORD_DATA, reason);
        }
        if (error == ESP_OK && writer->position >= writer->erased_end) {
            error = erase_next_sector(writer, reason);
        }
        if (error == ESP_OK) {
            error = write_flash(writer, writer->position, from, part, reason);
        }
        writer->position += (uint32_t)part;
        from += part;
        size -= part;
    }
    return error;
}

/** Takes bytes that do not fill a unit, or its rest. @return how many */
static size_t fill_unit(hotreload_writer_t *writer, const uint8_t *from, size_t size)
{
    const size_t room = HOTRELOAD_WRITER_UNIT - writer->buffered;
    const size_t part = size < room ? size : room;
    memcpy(writer->unit + writer->buffered, from, part);
    writer->buffered += (uint32_t)part;
    return part;
}

/** Writes the unit that was begun, padded with what erased flash holds. */
static esp_err_t flush_unit(hotreload_writer_t *writer, hotreload_reason_t *reason)
{
    memset(writer->unit + writer->buffered, 0xff, HOTRELOAD_WRITER_UNIT - writer->buffered);
    writer->buffered = 0;
    return write_units(writer, writer->unit, HOTRELOAD_WRITER_UNIT, reason);
}

esp_err_t hotreload_writer_count_bytes(hotreload_writer_t *writer, size_t size,
                                       hotreload_reason_t *reason)
{
    if (size > writer->length - writer->taken) {
        return hotreload_fail(reason, ESP_ERR_INVALID_SIZE, "more than the announced %u bytes",
                              (unsigned)writer->length);
    }
    writer->taken += (uint32_t)size;
    return ESP_OK;
}

esp_err_t hotreload_writer_append(hotreload_writer_t *writer, const void *data, size_t size,
                                  hotreload_reason_t *reason)
{
    const uint8_t *from = data;
    esp_err_t error = hotreload_writer_count_bytes(writer, size, reason);
    while (error == ESP_OK && size > 0) {
        size_t part = size - size % HOTRELOAD_WRITER_UNIT;
        if (writer->buffered == 0 && part > 0) {
            error = write_units(writer, from, part, reason);
        } else {
            part = fill_unit(writer, from, size);
            error = writer->buffered == HOTRELOAD_WRITER_UNIT ? flush_unit(writer, reason) : ESP_OK;
        }
        from += part;
        size -= part;
    }
    return error;
}

esp_err_t hotreload_writer_finish(hotreload_writer_t *writer, hotreload_reason_t *reason)
{
    esp_err_t error = check_complete(writer, reason);
    return error == ESP_OK && writer->buffered > 0 ? flush_unit(writer, reason) : error;
}

/** Reads the header back: worn flash may accept a write and hold something else. */
static esp_err_t check_header(const hotreload_writer_t *writer,
                              const hotreload_record_header_t *header, hotreload_reason_t *reason)
{
    hotreload_record_header_t present;
    esp_err_t error =
        hotreload_port_flash_read(writer->flash, writer->span.start, &present, sizeof present);
    if (error != ESP_OK || memcmp(&present, header, sizeof present) != 0) {
        return hotreload_record_fail_flash(writer->label, "read back", reason);
    }
    return ESP_OK;
}

esp_err_t hotreload_writer_write_header(hotreload_writer_t *writer, uint32_t sequence,
                                        const uint8_t sha256[HOTRELOAD_HASH_SIZE],
                                        hotreload_reason_t *reason)
{
    hotreload_record_header_t header = {
        .sequence = sequence, .length = writer->length, .base = writer->base};
    memcpy(header.sha256, sha256, sizeof header.sha256);
    hotreload_record_seal(&header);
    esp_err_t error = write_flash(writer, writer->span.start, &header, sizeof header, reason);
    if (error == ESP_OK) {
        error = check_header(writer, &header, reason);
    }
    if (error != ESP_OK) {
        /* Whatever the flash holds now, it must not count after the caller was told of a failure.
         */
        hotreload_port_flash_erase(writer->flash, writer->span.start, writer->flash->erase_size);
    }
    return error;
}
