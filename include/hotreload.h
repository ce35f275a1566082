/*
 * hotreload: run new code on a running chip, without reflashing and without a reboot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_H
#define HOTRELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---------------------------------------------------------------------------------- */

/** The first of the errors below. esp_err_to_name() of ESP-IDF does not know their names. */
#define ESP_ERR_HOTRELOAD_BASE 0x12000
/** A task is inside the code that is to go; the log names it. Try again when it has left. */
#define ESP_ERR_HOTRELOAD_TASK_INSIDE (ESP_ERR_HOTRELOAD_BASE + 1)
/** No module is loaded. */
#define ESP_ERR_HOTRELOAD_NOT_LOADED (ESP_ERR_HOTRELOAD_BASE + 2)

/* ---- All in one call ------------------------------------------------------------------------- */

#ifdef CONFIG_HOTRELOAD_SERVER
#define HOTRELOAD_HAS_SERVER true
#else
#define HOTRELOAD_HAS_SERVER false
#endif

#ifdef CONFIG_HOTRELOAD_SERIAL
#define HOTRELOAD_HAS_SERIAL true
#else
#define HOTRELOAD_HAS_SERIAL false
#endif

/** @brief What hotreload_start() does; begin with HOTRELOAD_START_CONFIG_DEFAULT(). */
typedef struct {
    /** Label of the flash partition (type app, subtype 0x40); stays valid until the stop. */
    const char *partition_label;
    /** As in hotreload_config_t. */
    uint32_t heap_caps;
    /**
     * As in hotreload_config_t. With `auto_reload`, `before` must then keep all tasks from calling
     * reloadable functions: for a moment no module is loaded, and a call would stop the program.
     */
    bool allow_unload_first;
    /** Starts the HTTP server. */
    bool server;
    /** TCP port of the server. */
    uint16_t port;
    /** Takes requests on the console; needs CONFIG_HOTRELOAD_SERIAL. */
    bool serial;
    /** The longest upload accepted, in bytes. */
    size_t max_upload_size;
    /** As in hotreload_server_config_t. */
    bool run_from_ram_first;
    /**
     * Reloads as soon as an upload has come, in a task of hotreload: a patch at once, a whole
     * module when no task is inside the old one. Until then the old code runs on.
     */
    bool auto_reload;
    /** Stack of that task, in bytes. `before`, `after` and the module's constructors use it, too.
     */
    uint32_t task_stack_size;
    /** Priority of that task. */
    uint32_t task_priority;
    /** Core of that task; -1: any. */
    int task_core;
    /**
     * Called before each attempt to reload a whole module: brings tasks out of reloadable
     * functions, and returns when they are outside. NULL: none has to be stopped; hotreload waits
     * for a moment when no task is inside.
     */
    void (*before)(void *context);
    /**
     * Called after each attempt to load a whole module, that of hotreload_start() included: lets
     * the tasks go on, and initialises the module if `error` is ESP_OK. After another error, the
     * module may be new all the same: with `allow_unload_first`, the old one was loaded anew. A
     * `static` flag in the module tells. After a patch it is not called, because all variables live
     * on. NULL: nothing is to be done.
     */
    void (*after)(esp_err_t error, void *context);
    /** Passed to `before` and `after`. */
    void *context;
} hotreload_start_config_t;

/**
 * The partition of CONFIG_HOTRELOAD_PARTITION_LABEL, the server on CONFIG_HOTRELOAD_SERVER_PORT,
 * the console if CONFIG_HOTRELOAD_SERIAL is on, uploads of at most 128 KB; the application reloads.
 */
#define HOTRELOAD_START_CONFIG_DEFAULT()                                                           \
    {                                                                                              \
        .partition_label = CONFIG_HOTRELOAD_PARTITION_LABEL, .heap_caps = 0,                       \
        .allow_unload_first = false, .server = HOTRELOAD_HAS_SERVER,                               \
        .port = CONFIG_HOTRELOAD_SERVER_PORT, .serial = HOTRELOAD_HAS_SERIAL,                      \
        .max_upload_size = 128 * 1024, .run_from_ram_first = false, .auto_reload = false,          \
        .task_stack_size = 4096, .task_priority = 5, .task_core = -1, .before = NULL,              \
        .after = NULL, .context = NULL,                                                            \
    }

/**
 * @brief Starts all of hotreload: the server, the console, the module that is there, and automatic
 * reloads.
 *
 * A module that is missing, damaged or of another firmware is no error. The log says what to do,
 * and the first upload that fits is the first module. Ask hotreload_is_loaded() before you call a
 * reloadable function: without a module, the call stops the program with a message that names the
 * function.
 *
 * Without `auto_reload`, the application polls hotreload_update_available() and calls
 * hotreload_reload() as it would do without this function.
 *
 * With CONFIG_HOTRELOAD_ENABLE=n, this function calls `after` with ESP_OK and does nothing else.
 *
 * @param config  copied
 * @return
 *      - ESP_OK: started, with or without a module
 *      - ESP_ERR_INVALID_ARG: config or its label is NULL
 *      - ESP_ERR_INVALID_STATE: started already; or the server or the console runs already
 *      - ESP_ERR_NO_MEM: not enough memory for a task
 *      - other errors of hotreload_server_start() and hotreload_serial_start()
 *
 * After an error neither server nor console nor task runs. If the server could not be stopped again
 * (see hotreload_server_stop()), call hotreload_stop() before you try again. A module that could be
 * loaded runs all the same.
 *
 * Thread context: any task, not an ISR. Stack as for hotreload_load(), and what `after` needs.
 */
esp_err_t hotreload_start(const hotreload_start_config_t *config);

/**
 * @brief Stops what hotreload_start() started. The module that runs stays.
 *
 * Waits for a reload, a callback or a request under way.
 *
 * @return
 *      - ESP_OK: stopped; always if CONFIG_HOTRELOAD_ENABLE is off
 *      - ESP_ERR_INVALID_STATE: hotreload_start() was not called, or the caller is `before` or
 * `after`
 *      - ESP_FAIL: as hotreload_server_stop(); all goes on, automatic reloads if there is memory
 * for their task; call it again
 *
 * Thread context: any task, but not from `before`, `after` or `input`.
 */
esp_err_t hotreload_stop(void);

/**
 * @brief Tells whether reloadable functions can be called: a module is loaded.
 *
 * The function is cheap: it reads one variable.
 *
 * Thread context: any task.
 */
bool hotreload_is_loaded(void);

/* ---- Events ---------------------------------------------------------------------------------- */

/**
 * @brief What happened: the IDs of events of the base HOTRELOAD_EVENT.
 *
 * They come through ESP-IDF's default event loop, if the application has created one
 * (esp_event_loop_create_default()) before. Otherwise, and while the loop's queue is full, events
 * are lost. The handler may call all functions of hotreload. It runs in the loop's task, with
 * CONFIG_ESP_SYSTEM_EVENT_TASK_STACK_SIZE bytes of stack, 2304 by default: that is too little for
 * the functions that need 3072. Set 4096, or let another task call them.
 *
 * @code
 * esp_event_handler_register(HOTRELOAD_EVENT, ESP_EVENT_ANY_ID, handler, NULL);
 * @endcode
 */
typedef enum {
    HOTRELOAD_EVENT_UPLOADED,     /**< a module or patch has come, and can be reloaded */
    HOTRELOAD_EVENT_LOADED,       /**< a whole module runs; its variables are new */
    HOTRELOAD_EVENT_PATCHED,      /**< a patch of the module runs; all variables live on */
    HOTRELOAD_EVENT_FAILED,       /**< something failed, and `reason` says what */
    HOTRELOAD_EVENT_ROLLED_BACK,  /**< an older module runs, because a newer one crashed on trial */
    HOTRELOAD_EVENT_MARKED_VALID, /**< what was on trial is good */
} hotreload_event_t;

/** @brief The data of each event. */
typedef struct {
    /** Number of the module or patch; FAILED: 0; ROLLED_BACK: of the module that runs. 0: it was
     * loaded from memory. */
    uint32_t sequence;
    /** FAILED and ROLLED_BACK: what happened, in words, as in the log. Otherwise empty. */
    char reason[128];
} hotreload_event_data_t;

/** @brief The base of the events, an esp_event_base_t. */
extern const char *const HOTRELOAD_EVENT;

/* ---- Step by step: load, and reload at a safe point -------------------------------------------
 */

/**
 * @brief Where a module comes from and where it goes.
 *
 * Begin with HOTRELOAD_CONFIG_DEFAULT() and change what differs.
 */
typedef struct {
    /** Label of the flash partition (type app, subtype 0x40) that stores modules. */
    const char *partition_label;
    /** Capabilities (MALLOC_CAP_*) that the module's memory must have; 0: the port chooses. */
    uint32_t heap_caps;
    /**
     * Lets hotreload_reload() free the old module before it loads the new one, for chips whose RAM
     * does not hold both. If the new one then fails, the old one is loaded again from flash.
     */
    bool allow_unload_first;
} hotreload_config_t;

/**
 * The partition of CONFIG_HOTRELOAD_PARTITION_LABEL, memory chosen by the port, the old module kept
 * until the new one works.
 */
#define HOTRELOAD_CONFIG_DEFAULT()                                                                 \
    {                                                                                              \
        .partition_label = CONFIG_HOTRELOAD_PARTITION_LABEL, .heap_caps = 0,                       \
        .allow_unload_first = false,                                                               \
    }

/** The value of MALLOC_CAP_SPIRAM; this header includes no header of ESP-IDF's heap. */
#define HOTRELOAD_CAP_SPIRAM (1u << 10)

/** Like HOTRELOAD_CONFIG_DEFAULT(), with the module in external memory (PSRAM). */
#define HOTRELOAD_CONFIG_SPIRAM()                                                                  \
    {                                                                                              \
        .partition_label = CONFIG_HOTRELOAD_PARTITION_LABEL, .heap_caps = HOTRELOAD_CAP_SPIRAM,    \
        .allow_unload_first = false,                                                               \
    }

/**
 * @brief Loads the newest module of the partition and points the stubs to it.
 *
 * Call once, before the first call of a reloadable function. If the newest module cannot be loaded,
 * this function tries the next older one. So one bad module never keeps the application from
 * starting.
 *
 * A module that was not flashed by cable is on trial when it runs for the first time: see
 * hotreload_mark_valid(). If the last run of the program ended in a panic or by a watchdog while a
 * module was on trial, this function marks that module as bad, so that it is never loaded again,
 * and loads the newest good one. The log and `GET /status` say so.
 *
 * After an error, do not call reloadable functions. Start the server all the same: you can then
 * send a module that works. So do not stop on an error, as ESP_ERROR_CHECK() does.
 *
 * @param config  partition and memory; not kept after the call
 * @return
 *      - ESP_OK: reloadable functions can be called; always if CONFIG_HOTRELOAD_ENABLE is off
 *      - ESP_ERR_INVALID_ARG: config or its label is NULL
 *      - ESP_ERR_INVALID_STATE: a module is loaded already; use hotreload_reload(); or another
 * partition is in use; or an upload has overwritten the module meanwhile: try again
 *      - ESP_ERR_NOT_FOUND: no such partition, no module that is not bad, or the module lacks an
 * export
 *      - ESP_ERR_INVALID_VERSION: the module was linked with another firmware
 *      - ESP_ERR_NOT_SUPPORTED: the module is for another chip or ABI, or of an unknown format; or
 * modules cannot run from memory with these heap_caps
 *      - ESP_ERR_INVALID_SIZE, ESP_ERR_INVALID_RESPONSE: the module is damaged; INVALID_SIZE: also
 * a partition of fewer than two sectors
 *      - ESP_ERR_INVALID_CRC: the flash no longer holds what was stored
 *      - ESP_ERR_NO_MEM: not enough memory of the wanted kind
 *      - ESP_ERR_FLASH_OP_FAIL: the flash could not be read, or the trial could not be noted
 *      - ESP_ERR_HOTRELOAD_TASK_INSIDE, ESP_ERR_TIMEOUT: a patch could not be applied, and no older
 * module could be loaded
 *      - ESP_FAIL: the module could not be hashed, or the caches could not be synchronised
 *
 * Thread context: any task with 3072 bytes of stack left, not an ISR; calls are serialised. On an
 * ESP32-C3 it used 2972 bytes at most, its log included. The stack must be in internal RAM: with
 * one in PSRAM, ESP-IDF stops the program when the flash is mapped or written.
 */
esp_err_t hotreload_load(const hotreload_config_t *config);

/**
 * @brief Tells whether there is a module that hotreload_reload() has not tried yet, in the
 * partition or in RAM.
 *
 * A module that failed to load, or crashed, is not announced again. The next upload is. The
 * function is cheap: it reads one variable.
 *
 * Thread context: any task.
 */
bool hotreload_update_available(void);

/**
 * @brief Replaces the loaded module by the newest one that is not bad. This may be one in the
 * partition, or one in RAM that is not stored yet.
 *
 * First the new module is validated, placed and relocated. Then the stubs change. Then the old
 * module is freed. If the newest is a patch of the module that runs, it replaces only the functions
 * that changed, and all variables stay. After a failure the old module keeps running; the log and
 * `GET /status` have the reason, and the application need not stop. Without a loaded module, this
 * function loads the newest one. A module that runs for the first time is on trial: see
 * hotreload_mark_valid().
 *
 * @param config  as for hotreload_load(); not kept after the call
 * @return
 *      - ESP_OK: the newest one runs
 *      - ESP_ERR_HOTRELOAD_TASK_INSIDE: a task did not leave the old code within 50 ticks; the
 * update is announced again
 *      - ESP_ERR_TIMEOUT: the other core did not stop, because a task of the highest priority runs
 * there; the update is announced again
 *      - ESP_ERR_INVALID_STATE: another partition is in use, or an upload has overwritten the
 * module meanwhile: try again
 *      - ESP_ERR_NOT_SUPPORTED, ESP_ERR_INVALID_SIZE: also for a patch that cannot be applied
 *      - ESP_ERR_NOT_SUPPORTED: also if CONFIG_HOTRELOAD_ENABLE is off
 *      - other errors of hotreload_load()
 *
 * Thread context: a safe point, which a patch does not need. Stack as for hotreload_load().
 */
esp_err_t hotreload_reload(const hotreload_config_t *config);

/**
 * @brief Marks the module that runs as good: its trial is over.
 *
 * The trial of a new module ends with this call, or when the module has run for
 * CONFIG_HOTRELOAD_TRIAL_SECONDS, whichever is first. If the chip restarts from a panic or by a
 * watchdog during the trial, the next hotreload_load() goes back to the newest good module. Call
 * this function as soon as the application has seen that the new code works. A module that was
 * flashed by cable is good from the start. A module that was loaded from memory is never on trial:
 * it does not survive a restart.
 *
 * @return
 *      - ESP_OK: the module is good, or is not on trial
 *      - ESP_ERR_HOTRELOAD_NOT_LOADED: no module is loaded
 *      - ESP_ERR_INVALID_STATE: a newer upload has overwritten the module
 *      - ESP_ERR_FLASH_OP_FAIL: the flash could not be read or written; the trial goes on
 *
 * Thread context: any task with 3072 bytes of stack left, in internal RAM, not an ISR; waits for a
 * reload or a piece of an upload under way.
 */
esp_err_t hotreload_mark_valid(void);

/**
 * @brief Removes the loaded module: runs its destructors and frees its memory.
 *
 * The destructors may call reloadable functions.
 * Afterwards, a call of a reloadable function stops the program with a message that names it.
 *
 * @return
 *      - ESP_OK: removed
 *      - ESP_ERR_HOTRELOAD_NOT_LOADED: no module is loaded
 *      - ESP_ERR_HOTRELOAD_TASK_INSIDE: the module stays
 *      - ESP_ERR_NO_MEM, ESP_ERR_TIMEOUT: as hotreload_reload(); the module stays, but its
 * destructors may have run. They do not run again.
 *      - ESP_ERR_NOT_SUPPORTED: CONFIG_HOTRELOAD_ENABLE is off
 *
 * Thread context: a safe point. Stack as for hotreload_load().
 */
esp_err_t hotreload_unload(void);

/* ---- How modules come: the server and the console ---------------------------------------------
 */

/** @brief How the HTTP server listens; begin with HOTRELOAD_SERVER_CONFIG_DEFAULT(). */
typedef struct {
    /** TCP port. */
    uint16_t port;
    /** Label of the partition that uploads are stored in. */
    const char *partition_label;
    union {
        size_t max_upload_size; /**< The longest upload accepted, in bytes. */
        /** Its old name, which goes with the next version. */
        size_t max_elf_size __attribute__((deprecated("use max_upload_size")));
    };
    /**
     * The server receives uploads into RAM. They can be reloaded as soon as they are checked, and
     * are written to flash after the answer. Until then an upload takes RAM of its size. An upload
     * is stored first if there is not enough RAM, or if it has no X-Hotreload-Auth.
     * CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST turns this on for every server. If the flash fails, the
     * module runs until the next restart: the log says why, and `GET /status` has `"stored":false`.
     */
    bool run_from_ram_first;
} hotreload_server_config_t;

/**
 * Port and partition of Kconfig (8080, "hotreload"), uploads of at most 128 KB, stored before they
 * run.
 */
#define HOTRELOAD_SERVER_CONFIG_DEFAULT()                                                          \
    {                                                                                              \
        .port = CONFIG_HOTRELOAD_SERVER_PORT, .partition_label = CONFIG_HOTRELOAD_PARTITION_LABEL, \
        .max_upload_size = 128 * 1024, .run_from_ram_first = false,                                \
    }

/**
 * @brief Starts the HTTP server: `POST /upload`, `GET /pending`, `GET /status`, `GET /nonce`.
 *
 * The server only receives and stores modules. The application polls hotreload_update_available()
 * and calls hotreload_reload() at a safe point. If the firmware has the component mdns, the server
 * is announced as `_hotreload._tcp` until it stops. If that fails, the log says so, and the server
 * runs all the same.
 *
 * @param config  port, partition and limit; the label must stay valid until the server stops
 * @return
 *      - ESP_OK: listening; the URL is in the log
 *      - ESP_ERR_INVALID_ARG: config or its label is NULL
 *      - ESP_ERR_INVALID_STATE: the server runs already, or another partition is in use
 *      - ESP_ERR_NOT_FOUND: no such partition
 *      - ESP_ERR_INVALID_SIZE: the partition has fewer than two sectors
 *      - ESP_ERR_FLASH_OP_FAIL: the partition could not be read
 *      - ESP_ERR_NOT_SUPPORTED: CONFIG_HOTRELOAD_SERVER or CONFIG_HOTRELOAD_ENABLE is off
 *      - ESP_ERR_NO_MEM: not enough memory for the server
 *      - ESP_FAIL: the port is taken
 *
 * Thread context: any task.
 */
esp_err_t hotreload_server_start(const hotreload_server_config_t *config);

/**
 * @brief Stops the HTTP server and frees its memory. An upload under way is dropped.
 *
 * @return ESP_OK; ESP_ERR_INVALID_STATE: the server does not run; ESP_FAIL: ESP-IDF could not reach
 *         the server's task, so the server runs on
 *
 * Thread context: any task.
 */
esp_err_t hotreload_server_stop(void);

/** @brief How the console takes requests; begin with HOTRELOAD_SERIAL_CONFIG_DEFAULT(). */
typedef struct {
    /** Label of the partition that uploads are stored in. */
    const char *partition_label;
    union {
        size_t max_upload_size; /**< The longest upload accepted, in bytes. */
        /** Its old name, which goes with the next version. */
        size_t max_elf_size __attribute__((deprecated("use max_upload_size")));
    };
    /** As in hotreload_server_config_t. */
    bool run_from_ram_first;
    /**
     * Receives the input of the console that is no request: `size` bytes at `data`, valid during
     * the call. The task that reads the console calls it, and serves no request meanwhile. NULL:
     * this input is dropped.
     */
    void (*input)(const void *data, size_t size, void *context);
    /** Passed to `input`. */
    void *input_context;
} hotreload_serial_config_t;

/** Partition of Kconfig, uploads of at most 128 KB, stored first; other input is dropped. */
#define HOTRELOAD_SERIAL_CONFIG_DEFAULT()                                                          \
    {                                                                                              \
        .partition_label = CONFIG_HOTRELOAD_PARTITION_LABEL, .max_upload_size = 128 * 1024,        \
        .run_from_ram_first = false, .input = NULL, .input_context = NULL,                         \
    }

/**
 * @brief Serves the requests of the HTTP server on the console, alongside the log. This is for
 * boards without a network; the tools use `--port` in place of `--url`.
 *
 * Needs CONFIG_HOTRELOAD_SERIAL. From this call until hotreload_serial_stop(), hotreload reads the
 * console (UART or USB-Serial/JTAG) with ESP-IDF's driver, and nothing arrives at stdin. The
 * application gets its input through `config->input`. The log goes out as before.
 *
 * @param config  partition, limit and input; the label must stay valid until the stop
 * @return
 *      - ESP_OK: requests are served
 *      - ESP_ERR_INVALID_ARG: config or its label is NULL
 *      - ESP_ERR_INVALID_STATE: started already, or the application has a driver on the console, or
 * another partition is in use
 *      - ESP_ERR_NOT_FOUND: no such partition
 *      - ESP_ERR_INVALID_SIZE, ESP_ERR_FLASH_OP_FAIL: as hotreload_server_start()
 *      - ESP_ERR_NOT_SUPPORTED: CONFIG_HOTRELOAD_SERIAL or CONFIG_HOTRELOAD_ENABLE is off
 *      - ESP_ERR_NO_MEM: not enough memory for the task, its buffers or the driver
 *      - ESP_FAIL: the driver could not be installed
 *
 * Thread context: any task.
 */
esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config);

/**
 * @brief Stops reading requests from the console and frees the memory that it took. An upload under
 * way is dropped.
 *
 * Waits until a request under way is answered.
 *
 * @return ESP_OK; ESP_ERR_INVALID_STATE: hotreload_serial_start() was not called
 *
 * Thread context: any task, but not from `input`.
 */
esp_err_t hotreload_serial_stop(void);

/* ---- How modules come: a transport of your own ------------------------------------------------
 */

/**
 * @brief Loads a module from memory in place of the loaded one, if any.
 *
 * @param data  the packed module; only read during the call; any alignment
 * @param size  its length in bytes
 * @return as hotreload_reload(); ESP_ERR_INVALID_ARG: data is NULL; ESP_ERR_NOT_SUPPORTED: also for
 * a patch. After an error the module loaded before keeps running.
 *
 * Thread context: a safe point: no task is inside a reloadable function. Bring each task that calls
 * them to a known point outside first. vTaskSuspend() does not do that: it stops a task anywhere.
 * Stack as for hotreload_load().
 */
esp_err_t hotreload_load_from_buffer(const void *data, size_t size);

/**
 * @brief Stores a module in the partition as the newest one, for code with its own transport.
 *
 * The module is validated before anything is written. The newest module that is not bad and the
 * newest good one stay in the partition.
 *
 * @param partition_label  label of the partition
 * @param data             the packed module
 * @param size             its length in bytes
 * @return
 *      - ESP_OK: stored; hotreload_update_available() is true
 *      - ESP_ERR_INVALID_ARG: a NULL argument
 *      - ESP_ERR_INVALID_STATE: an upload is under way, another partition is in use, or it is a
 * patch whose base the partition does not hold any more
 *      - ESP_ERR_NOT_FOUND: no such partition, or the module lacks an export
 *      - ESP_ERR_INVALID_SIZE: no room beside the newest module and the newest good one, the module
 * is cut short, or the partition has fewer than two sectors
 *      - ESP_ERR_INVALID_VERSION, ESP_ERR_NOT_SUPPORTED, ESP_ERR_INVALID_RESPONSE: as
 * hotreload_load()
 *      - ESP_ERR_NO_MEM, ESP_FAIL: no memory to hash it, or the hash failed
 *      - ESP_ERR_FLASH_OP_FAIL: erasing or writing failed
 *      - ESP_ERR_NOT_SUPPORTED: also if CONFIG_HOTRELOAD_ENABLE is off
 *
 * Thread context: any task with 3072 bytes of stack left, in internal RAM, not an ISR.
 */
esp_err_t hotreload_update_partition(const char *partition_label, const void *data, size_t size);

/* ---- In reloadable components, and for panic handlers ------------------------------------------
 */

/**
 * @brief Keeps a variable of a reloadable component over whole reloads.
 *
 * @code
 * static int laps HOTRELOAD_KEEP = 1;
 * @endcode
 *
 * The variable lives outside the module. The next module finds it by component, file, function and
 * name, with its address and its value, as long as its type is the same. Otherwise it starts anew,
 * and `idf.py reload` says so. In a component that is not reloadable the macro changes nothing.
 *
 * It belongs to the definition, not to an `extern` declaration: each use names another section.
 */
#define HOTRELOAD_KEEP HOTRELOAD_KEEP_IN(__COUNTER__)

/* A section for each: by that, the tools tell one from another. */
#define HOTRELOAD_KEEP_IN(number)   HOTRELOAD_KEEP_IN_2(number)
#define HOTRELOAD_KEEP_IN_2(number) __attribute__((section(".data.hotreload_keep." #number)))

/**
 * @brief Describes in words an address that lies in the module that runs, or in the code of one of
 * the last few modules that were freed.
 *
 * For panic handlers: "offset 0x1a of the code of module 3, which was freed: a task, timer or
 * callback still used it after a reload".
 *
 * @param address  a run address, for example the program counter of a crash
 * @param text     gets the words, cut if they do not fit; 128 bytes hold all
 * @param size     of `text`, in bytes
 * @return `text`, or NULL when the address lies in no module
 *
 * Thread context: any, also a panic handler or an ISR; takes no lock, uses no heap.
 */
const char *hotreload_describe_address(uint32_t address, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
