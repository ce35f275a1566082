/*
 * Places a packed module at given run addresses, with the product's loader, and writes out what it
 * put there: the text, then the data.
 *
 *   place MODULE riscv|xtensa ABI < pairs > contents
 *
 * `pairs` has two hexadecimal run addresses a line, of text and data. The output has for each pair
 * the two segments, one after the other, without anything between.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flat_port.h"
#include "loader/loader.h"

static void write_out(const void *bytes, size_t size)
{
    if (size > 0 && fwrite(bytes, 1, size, stdout) != size) {
        perror("output");
        exit(2);
    }
}

static void place(const uint8_t *module, size_t size)
{
    hotreload_image_t image;
    hotreload_module_t staged;
    hotreload_reason_t reason;
    if (hotreload_loader_stage(module, size, 0, &image, &staged, &reason) != ESP_OK) {
        fprintf(stderr, "at 0x%08x, 0x%08x: %s\n", (unsigned)flat_port.text_run,
                (unsigned)flat_port.data_run, reason.text);
        exit(1);
    }
    write_out(staged.text.write, image.text.memory_size);
    write_out(staged.data.write, image.data.memory_size);
    hotreload_segments_free(&staged);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: place MODULE riscv|xtensa ABI < pairs\n");
        return 2;
    }
    size_t size;
    const uint8_t *module = flat_port_read_module(argv[1], &size);
    flat_port.arch = strcmp(argv[2], "riscv") == 0 ? &hotreload_arch_riscv : &hotreload_arch_xtensa;
    flat_port.abi = (uint16_t)atoi(argv[3]);
    unsigned text, data;
    while (scanf("%x %x", &text, &data) == 2) {
        flat_port.text_run = text;
        flat_port.data_run = data;
        place(module, size);
    }
    return 0;
}
