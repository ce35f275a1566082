/*
 * The port (src/port.h) for tests on the host: memory with run addresses that the test chooses, and
 * every rule of the contract checked. A broken rule fails the running test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

#define FAKE_PORT_CALLS 64u

/** Where fake_port.code runs. */
#define FAKE_CODE 0x42000000u

#define FAKE_EVENTS 16u
#define FAKE_STOPS  8

/** What the fake reports and records; tests read and change it at will. */
typedef struct {
    /** Run address of the next region of each kind, rounded up to its alignment. */
    uint32_t text_next, data_next;
    /** Largest region that can be had, bytes. */
    size_t text_limit, data_limit;
    /** Bytes of all regions together. */
    size_t ram_limit;
    /** Capabilities that text memory can have; asking for others is ESP_ERR_NOT_SUPPORTED. */
    uint32_t text_caps;
    /** Capabilities asked for last. */
    uint32_t last_text_caps, last_data_caps;
    /** Whether the text that was freed last held nothing but zeros, and was synchronised. */
    bool freed_text_is_clear;
    /** Result of hotreload_port_sync(). */
    esp_err_t sync_result;
    unsigned sync_count;

    uint8_t firmware_id[32];
    size_t firmware_id_size;
    char project[32];
    const hotreload_arch_t *arch;
    uint16_t chip, abi;

    /** Addresses passed to hotreload_port_call(), in order. */
    uint32_t calls[FAKE_PORT_CALLS];
    size_t call_count;
    /** Does what the constructor or destructor at this address would do; NULL: nothing. */
    void (*on_call)(uint32_t run_address);
    /** Looks on while a word of a text is written; NULL: nothing. */
    void (*on_text_write)(uint32_t run_address, uint32_t word);

    /** 1: the next allocation (region, flash map or hash) fails, 2: the one after; 0: none. */
    unsigned fail_allocation;
    /** Allocations since the reset, and those not freed yet with their bytes (regions only). */
    unsigned allocations, live_allocations;
    size_t live_bytes;
    /** 1: the next hotreload_port_hash_update() fails, 2: the one after; 0: none. */
    unsigned fail_hash_update;
    /** The same for hotreload_port_hash_end(), which frees the hash all the same. */
    unsigned fail_hash_end;

    /** The firmware's code at FAKE_CODE. */
    const uint8_t *code;
    size_t code_size;

    /** What hotreload_port_each_task() shows. */
    const hotreload_task_t *tasks;
    size_t task_count;
    /** Called by hotreload_port_pause(); NULL: nothing happens. */
    void (*on_pause)(void);
    unsigned pauses;

    /** Events, and their data; the first EVENTS of them are kept. */
    struct {
        hotreload_event_t event;
        hotreload_event_data_t data;
        uint32_t retained; /**< when it came */
    } events[FAKE_EVENTS];
    unsigned event_count;

    /** What this run kept when hotreload_port_alone() stopped all else. */
    uint32_t retained_at_stop[FAKE_STOPS];
    unsigned stop_count;

    /** What hotreload_port_start_worker() got; no `work`: there is no worker. */
    hotreload_worker_t worker;
    bool fail_worker;    /**< it cannot be started */
    bool is_worker;      /**< whoever calls is the worker */
    unsigned wakes;      /**< of the worker */
    bool is_worker_busy; /**< the worker works each time a lock is released */
    /** Called when no lock is held any more; NULL: nothing. */
    void (*on_unlock)(void);

    /** hotreload_port_now_ms(). */
    uint32_t now_ms;
    /** Calls of hotreload_port_random(): never twice the same bytes since the program's start. */
    unsigned randoms;

    /** What the last run had kept when it crashed, until hotreload_port_take_crashed() tells. */
    uint32_t crashed;
    /** What this run keeps. */
    uint32_t retained;
    /** What the timer of the trial was ordered to call; NULL: nothing. */
    void (*trial_expired)(uint32_t trial);
    uint32_t trial;
    /** Result of hotreload_port_trial_timer(). */
    esp_err_t trial_result;

    /** The log: lines such as "E text\n". Starts over when it is full. */
    char log[8192];
    /** Message of the last panic; empty: none. */
    char panic[256];
} fake_port_t;

extern fake_port_t fake_port;

/** Sets everything to its default and frees what is left: the start of every test. */
void fake_port_reset(void);

/** Fails the test if a lock is held or an allocation is left: the end of every test. */
void fake_port_expect_idle(void);

/**
 * Content of `size` bytes of a live region, by run address; fails the test if there is no such
 * region. Tests read a text region only in this way.
 */
const uint8_t *fake_port_text(uint32_t run, size_t size);
uint8_t *fake_port_data(uint32_t run, size_t size);

/** Calls `function`, which may panic. @return true: it did, see fake_port.panic */
bool fake_port_panics(void (*function)(void *argument), void *argument);

/** True within hotreload_port_alone(). */
bool fake_port_is_alone(void);

/** True when `lock` is held now. */
bool fake_port_holds(hotreload_lock_t lock);

/**
 * For the other fakes: counts an allocation. @return false: it is to fail. Every true needs its
 * fake_port_count_free().
 */
bool fake_port_count_allocation(void);
void fake_port_count_free(void);

#endif
