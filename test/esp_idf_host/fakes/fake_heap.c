/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fake_heap.h"

#include <sys/mman.h>
#include <unistd.h>

#include "testing.h"
#include "chip.h"
#include "esp_err.h"
#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "fake_memory.h"

#define HEAP_SIZE 0x8000u
#define GUARD     32u
#define GUARDED   0xa5
#define BLOCKS    64u

#define DATA_CAPS                                                                                  \
    (MALLOC_CAP_8BIT | MALLOC_CAP_32BIT | MALLOC_CAP_DMA | MALLOC_CAP_INTERNAL | MALLOC_CAP_DEFAULT)
#define CODE_CAPS (MALLOC_CAP_EXEC | MALLOC_CAP_32BIT | MALLOC_CAP_INTERNAL)

typedef struct {
    uintptr_t start;
    size_t size;
    uint32_t caps;
    uintptr_t alias; /**< of the start, on the instruction bus */
} heap_t;

typedef struct {
    void *pointer; /**< as returned; NULL: a free entry */
    uintptr_t start;
    size_t size;
    heap_t *heap;
} block_t;

fake_heap_t fake_heap;
static heap_t heaps[3];
static size_t heap_count;
static block_t blocks[BLOCKS];

static void *map_at(uintptr_t address, size_t size, int file)
{
    void *wanted = (void *)address;
    void *mapped = mmap(wanted, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    if (mapped != wanted) {
        fail_msg("the host has no room at 0x%zx", (size_t)address);
    }
    return mapped;
}

void fake_memory_map(uintptr_t address, uintptr_t alias, size_t size)
{
    int file = memfd_create("chip", 0);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, (off_t)size), 0);
    map_at(address, size, file);
    if (alias != address) {
        map_at(alias, size, file);
    }
    close(file);
}

static void add_heap(uintptr_t start, uintptr_t alias, size_t size, uint32_t caps)
{
    heaps[heap_count++] = (heap_t){.start = start, .alias = alias, .size = size, .caps = caps};
}

/** Once per program: the addresses of a chip do not change. */
static void map_all(void)
{
    static bool done;
    if (done) {
        return;
    }
    done = true;
    fake_memory_map(CHIP_CODE_HEAP, CHIP_CODE_ALIAS, HEAP_SIZE);
    if (CHIP_DATA_HEAP != CHIP_CODE_HEAP) {
        fake_memory_map(CHIP_DATA_HEAP, CHIP_DATA_HEAP, HEAP_SIZE);
    }
    fake_psram_map();
}

void fake_heap_reset(void)
{
    map_all();
    memset(blocks, 0, sizeof blocks);
    heap_count = 0;
    bool one_heap = CHIP_DATA_HEAP == CHIP_CODE_HEAP;
    add_heap(CHIP_CODE_HEAP, CHIP_CODE_ALIAS, HEAP_SIZE,
             one_heap ? CODE_CAPS | DATA_CAPS : CODE_CAPS);
    if (!one_heap) {
        add_heap(CHIP_DATA_HEAP, CHIP_DATA_HEAP, HEAP_SIZE, DATA_CAPS);
    }
    if (fake_psram_data != 0) {
        add_heap(fake_psram_data, fake_psram_data, FAKE_PSRAM_SIZE,
                 MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT | MALLOC_CAP_32BIT | MALLOC_CAP_DEFAULT);
    }
    fake_heap = (fake_heap_t){.psram = fake_psram_data != 0};
    fake_psram_reset();
}

void fake_heap_expect_empty(void)
{
    assert_int_equal(fake_heap.live, 0);
    assert_int_equal(fake_heap.maps, 0);
}

static bool usable(const heap_t *heap, uint32_t caps)
{
    return (heap->caps & caps) == caps && (fake_heap.psram || !(heap->caps & MALLOC_CAP_SPIRAM));
}

static bool counted(size_t size, uint32_t caps)
{
    fake_heap.last_caps = caps;
    bool fails = fake_heap.fail_allocation != 0 && --fake_heap.fail_allocation == 0;
    return size != 0 && size <= HEAP_SIZE * 64 && !fails;
}

static bool is_free(uintptr_t start, size_t size)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        const block_t *block = &blocks[i];
        if (block->pointer != NULL && start < block->start + block->size + 2 * GUARD &&
            block->start < start + size + 2 * GUARD) {
            return false;
        }
    }
    return true;
}

/** The lowest place with room for the block and its guards: the heap's start or behind a block. */
static uintptr_t find_place(const heap_t *heap, size_t size, size_t align)
{
    uintptr_t best = 0;
    for (size_t i = 0; i <= BLOCKS; i++) {
        bool behind = i < BLOCKS && blocks[i].pointer != NULL && blocks[i].heap == heap;
        uintptr_t low = behind ? blocks[i].start + blocks[i].size + GUARD : heap->start;
        uintptr_t start = (low + GUARD + align - 1) & ~(uintptr_t)(align - 1);
        bool fits = start + size + GUARD <= heap->start + heap->size && is_free(start, size);
        if (fits && (best == 0 || start < best)) {
            best = start;
        }
    }
    return best;
}

static block_t *take(heap_t *heap, size_t size, size_t align)
{
    uintptr_t start = find_place(heap, size, align);
    if (start == 0) {
        return NULL;
    }
    size_t entry = 0;
    while (blocks[entry].pointer != NULL) {
        entry++;
        assert_true(entry < BLOCKS);
    }
    fake_heap.live++;
    memset((void *)(start - GUARD), GUARDED, size + 2 * GUARD);
    blocks[entry] = (block_t){.pointer = (void *)start, .start = start, .size = size, .heap = heap};
    return &blocks[entry];
}

/** The real one puts the block's address on the data bus before what it returns. */
static void *on_instruction_bus(block_t *block)
{
    uint32_t *seen = (uint32_t *)(block->start - block->heap->start + block->heap->alias);
    *seen = (uint32_t)block->start;
    block->pointer = seen + 1;
    return block->pointer;
}

void *heap_caps_malloc(size_t size, uint32_t caps)
{
    if (!counted(size, caps)) {
        return NULL;
    }
    bool executable = caps & MALLOC_CAP_EXEC;
    if (executable && (caps & (MALLOC_CAP_8BIT | MALLOC_CAP_DMA))) {
        return NULL;
    }
    size = (size + 3) & ~(size_t)3;
    for (size_t i = 0; i < heap_count; i++) {
        if (!usable(&heaps[i], caps)) {
            continue;
        }
        bool aliased = executable && heaps[i].alias != heaps[i].start;
        block_t *block = take(&heaps[i], aliased ? size + 4 : size, 4);
        if (block != NULL) {
            return aliased ? on_instruction_bus(block) : block->pointer;
        }
    }
    return NULL;
}

void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || !counted(size, caps)) {
        return NULL;
    }
    for (size_t i = 0; i < heap_count; i++) {
        block_t *block = usable(&heaps[i], caps) ? take(&heaps[i], size, alignment) : NULL;
        if (block != NULL) {
            return block->pointer;
        }
    }
    return NULL;
}

static void check_guards(const block_t *block)
{
    for (size_t i = 1; i <= GUARD; i++) {
        assert_int_equal(*(const uint8_t *)(block->start - i), GUARDED);
        assert_int_equal(*(const uint8_t *)(block->start + block->size + i - 1), GUARDED);
    }
}

void heap_caps_free(void *ptr)
{
    if (ptr == NULL) {
        return;
    }
    size_t entry = 0;
    while (entry < BLOCKS && blocks[entry].pointer != ptr) {
        entry++;
    }
    if (entry == BLOCKS) {
        fail_msg("%p was freed, which no one allocated", ptr);
    }
    block_t *block = &blocks[entry];
    check_guards(block);
    fake_heap.live--;
    block->pointer = NULL;
}

size_t heap_caps_get_total_size(uint32_t caps)
{
    size_t total = 0;
    for (size_t i = 0; i < heap_count; i++) {
        total += usable(&heaps[i], caps) ? heaps[i].size : 0;
    }
    return total;
}

size_t heap_caps_get_largest_free_block(uint32_t caps)
{
    size_t largest = 0;
    for (size_t i = 0; i < heap_count; i++) {
        size_t size = usable(&heaps[i], caps) ? heaps[i].size : 0;
        while (size > largest && find_place(&heaps[i], size, 4) == 0) {
            size -= 4;
        }
        largest = size > largest ? size : largest;
    }
    return largest;
}

bool esp_ptr_external_ram(const void *p)
{
    return fake_psram_data != 0 && fake_heap.psram && (uintptr_t)p >= fake_psram_data &&
           (uintptr_t)p < fake_psram_data + FAKE_PSRAM_SIZE;
}

bool fake_memory_is_one_block(uintptr_t address, size_t size)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        const block_t *block = &blocks[i];
        if (block->pointer != NULL && address >= block->start &&
            address + size <= block->start + block->size) {
            return true;
        }
    }
    return false;
}
