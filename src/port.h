/*
 * What the portable core needs from the system below it. A port implements all of this.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_PORT_H
#define HOTRELOAD_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hotreload.h"
#include "image/module_format.h" /* numbers of chips and ABIs */
#include "loader/arch.h"

/* ESP-IDF has it in a header of its flash driver, spelt like this, and not in esp_err.h. */
#ifndef ESP_ERR_FLASH_OP_FAIL
#define ESP_ERR_FLASH_OP_FAIL (ESP_ERR_FLASH_BASE + 1)
#endif

/* ---- Memory ------------------------------------------------------------------------------- */

/** A block of RAM for one segment. On chips with two buses the two addresses differ. */
typedef struct {
    uint32_t run; /**< address at which the CPU executes or reads it */
    void *write;  /**< where the loader writes it; NULL: no memory */
    size_t size;  /**< bytes, as asked for */
} hotreload_region_t;

/** MALLOC_CAP_INTERNAL of ESP-IDF: memory that is there while the flash cache is off. */
#define HOTRELOAD_CAP_INTERNAL (1u << 11)

/**
 * Allocates an executable region. Its content is only ever accessed through
 * hotreload_port_text_read() and hotreload_port_text_write().
 *
 * @param size   bytes, a multiple of 4, not 0 (of data as well)
 * @param align  alignment of the run address, a power of two, at least 4
 * @param caps   capabilities asked for by the application; 0: the port chooses
 * @return ESP_OK; ESP_ERR_NO_MEM; ESP_ERR_NOT_SUPPORTED: no executable memory has these
 * capabilities
 */
esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region);

/**
 * Allocates a byte-addressable region for data; the core writes it through `region->write`.
 * Arguments and errors as hotreload_port_text_alloc().
 */
esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region);

/** Frees a region and clears it. A region without memory stays as it is. */
void hotreload_port_text_free(hotreload_region_t *region);
void hotreload_port_data_free(hotreload_region_t *region);

/**
 * Size in bytes of the largest free block of internal memory for text, or for data, of a module. A
 * region of that size need not fit. Any task.
 */
uint32_t hotreload_port_text_room(void);
uint32_t hotreload_port_data_room(void);

/**
 * Reads or writes one aligned 32-bit word of a text region: instruction RAM of the ESP32 faults on
 * every other access. `offset` is in bytes from the start, a multiple of 4, inside the region.
 */
uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset);
void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word);

/**
 * Makes what was written to both regions visible to instruction fetch and data reads on every core.
 * Either region may be without memory.
 *
 * @return ESP_OK; another error: the caches could not be synchronised
 */
esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data);

/** Calls `void f(void)` at a run address: a constructor or destructor of the module. */
void hotreload_port_call(uint32_t run_address);

/** Allocates RAM that only the core reads and writes. @return NULL: not enough. Any task. */
void *hotreload_port_buffer_alloc(size_t size);
/** Frees it; `size` as it was asked for. Any task. */
void hotreload_port_buffer_free(void *buffer, size_t size);

/* ---- The firmware and the chip --------------------------------------------------------------- */

/** Identity of the running firmware: at most 32 bytes, valid for ever; *size gets the length. */
const uint8_t *hotreload_port_firmware_id(size_t *size);

/** The chip as ESP-IDF calls it ("esp32c3"), and the project's name. Texts are valid for ever. */
const char *hotreload_port_chip_name(void);
const char *hotreload_port_project(void);

/** Instruction set, chip number (hotreload_chip_t) and ABI (hotreload_abi_t) of modules. */
const hotreload_arch_t *hotreload_port_arch(void);
uint16_t hotreload_port_chip(void);
uint16_t hotreload_port_abi(void);

/* ---- Flash ------------------------------------------------------------------------------------
 */

/** An opened partition. Erase and write obey the rules of NOR flash. */
typedef struct {
    void *handle;        /**< for the port */
    uint32_t size;       /**< bytes */
    uint32_t erase_size; /**< bytes of a sector, a power of two */
} hotreload_flash_t;

/** A part of the partition made readable in place. */
typedef struct {
    const uint8_t *data; /**< first byte asked for */
    uintptr_t handle;    /**< for the port */
    size_t size;         /**< bytes asked for */
} hotreload_flash_view_t;

/** Finds a partition by its label. ESP_ERR_NOT_FOUND: there is none. Nothing to close. */
esp_err_t hotreload_port_flash_open(const char *label, hotreload_flash_t *flash);

/**
 * Reads, writes and erases; offsets and sizes are in bytes from the start of the partition.
 * Writing needs an offset and a size that are multiples of 16, and bytes that are erased or hold a
 * part of the same write, cut off by a loss of power; erasing works on whole sectors.
 * @return ESP_OK, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_port_flash_read(const hotreload_flash_t *flash, uint32_t offset, void *data,
                                    size_t size);
esp_err_t hotreload_port_flash_write(const hotreload_flash_t *flash, uint32_t offset,
                                     const void *data, size_t size);
esp_err_t hotreload_port_flash_erase(const hotreload_flash_t *flash, uint32_t offset, size_t size);

/**
 * Maps a part of the partition for reading, until hotreload_port_flash_unmap(). The mapped whole
 * shows later writes; a mapped part need not. The caller holds
 * HOTRELOAD_LOCK_STORE. @return ESP_OK, ESP_ERR_NO_MEM, ESP_ERR_FLASH_OP_FAIL
 */
esp_err_t hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset, size_t size,
                                   hotreload_flash_view_t *view);
void hotreload_port_flash_unmap(hotreload_flash_view_t *view);

/* ---- Cryptography ------------------------------------------------------------------------------
 */

#define HOTRELOAD_HASH_SIZE 32u

/** A running SHA-256 or HMAC-SHA256. */
typedef struct hotreload_hash hotreload_hash_t;

/**
 * Begins a SHA-256 (key NULL) or an HMAC-SHA256 (key of key_size bytes).
 * @return ESP_OK, ESP_ERR_NO_MEM; *hash is NULL after an error
 */
esp_err_t hotreload_port_hash_begin(const void *key, size_t key_size, hotreload_hash_t **hash);
/** Adds data. @return ESP_OK, ESP_FAIL */
esp_err_t hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size);
/** Ends it, frees the object and writes the result; digest may be NULL to only free. NULL is
 * ignored. */
esp_err_t hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t digest[HOTRELOAD_HASH_SIZE]);

/** Fills `size` bytes with random numbers that cannot be predicted. Any task. */
void hotreload_port_random(void *data, size_t size);

/* ---- Tasks, time and the log
 * ----------------------------------------------------------------------
 */

/** The core's locks, none recursive. Held in this order when more than one is held. */
typedef enum {
    HOTRELOAD_LOCK_MODULE, /**< the loaded module and the table */
    HOTRELOAD_LOCK_STORE,  /**< what is known of the partition's records */
    HOTRELOAD_LOCK_STATUS, /**< the status, the trial and the nonce */
    HOTRELOAD_LOCK_COUNT,
} hotreload_lock_t;

void hotreload_port_lock(hotreload_lock_t lock);
void hotreload_port_unlock(hotreload_lock_t lock);

/** A task that does not run at this moment, or the caller. Valid during the visit. */
typedef struct {
    const char *name;
    bool is_caller;            /**< nothing below is known, except for `end` */
    hotreload_frame_t frame;   /**< the function that goes on */
    const uint32_t *registers; /**< each may hold a return address; that of a stub's jump: + 1 */
    size_t register_count;
    const uint32_t *end; /**< behind its stack, whose words in use begin at frame.sp */
} hotreload_task_t;

/**
 * Calls `visit` for every task, with the caller, until it returns false. Only within
 * hotreload_port_alone(). All register windows are on the stacks.
 */
void hotreload_port_each_task(bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context);

/** Reads two bytes of code. @param address  even @return false: no code is there. Any task. */
bool hotreload_port_fetch(uint32_t address, uint16_t *code);

/**
 * Calls `action` while no other task, no interrupt and no other core runs: only then
 * hotreload_port_each_task() shows all that is under way. `action` takes no lock and waits for
 * nothing. What it wrote to `text` is seen by the instruction fetch of every core afterwards. The
 * caller holds HOTRELOAD_LOCK_MODULE.
 *
 * @return ESP_OK; ESP_ERR_NO_MEM, ESP_ERR_TIMEOUT (the other core does not stop): `action` was not
 * called
 */
esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context);

/** Lets tasks of every priority run for a moment: a tick or so. */
void hotreload_port_pause(void);

/** Milliseconds of a clock that always runs; it wraps to 0 after 2^32. Any task. */
uint32_t hotreload_port_now_ms(void);

typedef enum { HOTRELOAD_LOG_ERROR, HOTRELOAD_LOG_WARNING, HOTRELOAD_LOG_INFO } hotreload_log_t;

/**
 * Keeps the sequence of the module on trial for the next run, in RAM that survives a panic and a
 * watchdog reset; a loss of power may clear it. 0: no module is on trial, as at the start of a run.
 * No two tasks call this at once. Also within hotreload_port_alone().
 */
void hotreload_port_retain(uint32_t sequence);

/**
 * Returns the sequence of the module that was on trial when the last run of the program ended in a
 * panic or by a watchdog; 0: none was, or the run ended otherwise. Only the first call after a boot
 * returns it, later ones return 0. The caller holds HOTRELOAD_LOCK_MODULE.
 */
uint32_t hotreload_port_take_crashed(void);

/**
 * Starts the timer of a trial, and stops the one before: when the time has passed, the port calls
 * `expired(trial)`. NULL: only stops. The port sets the time; if it is 0, the port never calls. The
 * call may come late, even after another timer was started. `expired` writes flash, so the port
 * calls it from a task that nothing else waits for. The caller holds HOTRELOAD_LOCK_MODULE.
 *
 * @return ESP_OK, ESP_ERR_NO_MEM
 */
esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial);

/**
 * Delivers an event to the application: later, from a task that holds no lock of ours, so that the
 * application may call hotreload from there. Waits for nothing. `data` is copied. Any task, with
 * any lock.
 */
void hotreload_port_post_event(hotreload_event_t event, const hotreload_event_data_t *data);

/** What hotreload_port_start_worker() needs. */
typedef struct {
    uint32_t stack_size; /**< bytes */
    uint32_t priority;
    int core; /**< -1: any */
    /** Does what there is to do. @return milliseconds until the next call; UINT32_MAX: not before
     * hotreload_port_wake_worker() */
    uint32_t (*work)(void);
} hotreload_worker_t;

/**
 * Starts a task that calls `work` at once, then again when its time has passed or the worker is
 * woken. The caller starts and stops one at a time. @return ESP_OK, ESP_ERR_NO_MEM
 */
esp_err_t hotreload_port_start_worker(const hotreload_worker_t *worker);

/** Stops it and waits until `work` has returned. @return ESP_ERR_INVALID_STATE: it is the caller */
esp_err_t hotreload_port_stop_worker(void);

/** Lets the worker call `work` soon; without a worker, does nothing. Any task, with any lock. */
void hotreload_port_wake_worker(void);

/** Writes one line to the log; `format` as for printf, without a newline. */
void hotreload_port_log(hotreload_log_t level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Stops the program with a message, as abort() does on this system. */
_Noreturn void hotreload_port_panic(const char *message);

/* ---- What the core offers to a port ----
 */

/** Tells whether a module's code is or was at an address. Any context; takes no lock. */
bool hotreload_is_module_code(uint32_t address);

#endif
