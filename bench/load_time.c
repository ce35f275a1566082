/*
 * Measures how long the loader takes to stage a module, on the host.
 *
 *   load_time MODULE riscv|xtensa ABI
 *
 * Prints the module's bytes, its relocations and the nanoseconds of one load, the best of many.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flat_port.h"
#include "loader/loader.h"

#define REPETITIONS 200

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long load_once(const uint8_t *module, size_t size, hotreload_image_t *image)
{
    hotreload_module_t staged;
    hotreload_reason_t reason;
    long long start = now();
    if (hotreload_loader_stage(module, size, 0, image, &staged, &reason) != ESP_OK) {
        fprintf(stderr, "%s\n", reason.text);
        exit(1);
    }
    long long end = now();
    staged.fini_count = 0; /* its destructors have nothing to undo */
    hotreload_segments_free(&staged);
    return end - start;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: load_time MODULE riscv|xtensa ABI\n");
        return 2;
    }
    size_t size;
    const uint8_t *module = flat_port_read_module(argv[1], &size);
    flat_port.arch = strcmp(argv[2], "riscv") == 0 ? &hotreload_arch_riscv : &hotreload_arch_xtensa;
    flat_port.abi = (uint16_t)atoi(argv[3]);
    flat_port.text_run = 0x40380000;
    flat_port.data_run = 0x3fc98000;
    hotreload_image_t image;
    long long best = load_once(module, size, &image);
    for (int i = 1; i < REPETITIONS; i++) {
        long long took = load_once(module, size, &image);
        best = took < best ? took : best;
    }
    printf("%zu %u %lld\n", size, (unsigned)image.relocation_count, best);
    return 0;
}
