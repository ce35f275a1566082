/* SPDX-License-Identifier: MIT */
#include "fake_console.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"
#include "driver/uart.h"
#include "driver/usb_serial_jtag.h"
#include "freertos/task.h"

#define PATIENCE_MS 60000

fake_console_t fake_console;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char typed[4096];
static size_t typed_size, taken;
static unsigned idle_reads; /* that found nothing */

void fake_console_reset(void)
{
    pthread_mutex_lock(&mutex);
    fake_console = (fake_console_t){.install_result = ESP_OK};
    typed_size = taken = 0;
    pthread_mutex_unlock(&mutex);
}

void fake_console_type(const void *data, size_t size)
{
    pthread_mutex_lock(&mutex);
    assert_true(typed_size + size <= sizeof typed);
    memcpy(typed + typed_size, data, size);
    typed_size += size;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/** @return false: nothing changed for so long */
static bool wait_for_change(unsigned milliseconds)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    return pthread_cond_timedwait(&changed, &mutex, &end) == 0;
}

void fake_console_wait(unsigned writes)
{
    pthread_mutex_lock(&mutex);
    while (fake_console.writes < writes && wait_for_change(PATIENCE_MS)) {
    }
    unsigned seen = fake_console.writes;
    pthread_mutex_unlock(&mutex);
    assert_int_equal(seen, writes);
}

void fake_console_wait_ended(void)
{
    pthread_mutex_lock(&mutex);
    while (fake_console.tasks > 0 && wait_for_change(PATIENCE_MS)) {
    }
    unsigned left = fake_console.tasks;
    pthread_mutex_unlock(&mutex);
    assert_int_equal(left, 0);
}

void fake_console_wait_idle(void)
{
    pthread_mutex_lock(&mutex);
    unsigned before = idle_reads;
    while ((taken < typed_size || idle_reads < before + 2) && wait_for_change(PATIENCE_MS)) {
    }
    bool all = taken == typed_size;
    pthread_mutex_unlock(&mutex);
    assert_true(all);
}

static int take(void *data, size_t size)
{
    if (!fake_console.installed) {
        abort(); /* reads from a driver that is gone */
    }
    size = typed_size - taken < size ? typed_size - taken : size;
    memcpy(data, typed + taken, size);
    taken += size;
    return (int)size;
}

/** A wait for input is short here: only its end matters. */
static int read_within(void *data, uint32_t length, TickType_t ticks)
{
    pthread_mutex_lock(&mutex);
    if (taken == typed_size && ticks > 0) {
        idle_reads++;
        pthread_cond_broadcast(&changed);
        (void)wait_for_change(1);
    }
    int size = take(data, length);
    pthread_mutex_unlock(&mutex);
    return size;
}

/* ---- UART ---- */

bool uart_is_driver_installed(uart_port_t uart_num)
{
    assert_int_equal(uart_num, FAKE_CONSOLE_UART);
    return fake_console.installed;
}

esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size,
                              int queue_size, QueueHandle_t *uart_queue, int intr_alloc_flags)
{
    (void)intr_alloc_flags;
    assert_int_equal(uart_num, FAKE_CONSOLE_UART);
    assert_true(rx_buffer_size > 128 && queue_size == 0 && uart_queue == NULL);
    if (fake_console.install_result == ESP_OK) {
        fake_console.installed = true;
        fake_console.rx_buffer = (unsigned)rx_buffer_size;
        fake_console.tx_buffer = tx_buffer_size > 0;
    }
    return fake_console.install_result;
}

esp_err_t uart_driver_delete(uart_port_t uart_num)
{
    assert_int_equal(uart_num, FAKE_CONSOLE_UART);
    assert_true(fake_console.installed);
    fake_console.installed = false;
    return ESP_OK;
}

/** As the real one, waits for all that is asked for: a caller that asks for too much hangs. */
int uart_read_bytes(uart_port_t uart_num, void *buf, uint32_t length, TickType_t ticks_to_wait)
{
    assert_int_equal(uart_num, FAKE_CONSOLE_UART);
    assert_true(length == 1 || ticks_to_wait == 0);
    return read_within(buf, length, ticks_to_wait);
}

esp_err_t uart_get_buffered_data_len(uart_port_t uart_num, size_t *size)
{
    assert_int_equal(uart_num, FAKE_CONSOLE_UART);
    pthread_mutex_lock(&mutex);
    *size = typed_size - taken;
    pthread_mutex_unlock(&mutex);
    return ESP_OK;
}

/* ---- USB-Serial/JTAG ---- */

esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t *usb_serial_jtag_config)
{
    if (fake_console.installed) {
        return ESP_ERR_INVALID_STATE;
    }
    assert_true(usb_serial_jtag_config->tx_buffer_size > 0);
    if (fake_console.install_result == ESP_OK) {
        fake_console.installed = true;
        fake_console.rx_buffer = usb_serial_jtag_config->rx_buffer_size;
    }
    return fake_console.install_result;
}

int usb_serial_jtag_read_bytes(void *buf, uint32_t length, TickType_t ticks_to_wait)
{
    return read_within(buf, length, ticks_to_wait);
}

esp_err_t usb_serial_jtag_driver_uninstall(void)
{
    assert_true(fake_console.installed);
    fake_console.installed = false;
    return ESP_OK;
}

/* ---- Tasks and the console's output ---- */

typedef struct {
    TaskFunction_t code;
    void *argument;
} task_t;

static void *run_task(void *argument)
{
    task_t task = *(task_t *)argument;
    free(argument);
    task.code(task.argument);
    abort(); /* a task of FreeRTOS must not return */
}

BaseType_t xTaskCreate(TaskFunction_t pvTaskCode, const char *const pcName,
                       const uint32_t usStackDepth, void *const pvParameters,
                       UBaseType_t uxPriority, TaskHandle_t *const pvCreatedTask)
{
    pthread_t thread;
    assert_non_null(pcName);
    assert_true(usStackDepth >= 3072 && uxPriority > 0 && pvCreatedTask == NULL);
    if (fake_console.create_task_fails) {
        return 0;
    }
    task_t *task = malloc(sizeof *task);
    *task = (task_t){pvTaskCode, pvParameters};
    pthread_mutex_lock(&mutex);
    fake_console.tasks++;
    pthread_mutex_unlock(&mutex);
    assert_int_equal(pthread_create(&thread, NULL, run_task, task), 0);
    pthread_detach(thread);
    return pdPASS;
}

void vTaskDelete(TaskHandle_t xTaskToDelete)
{
    if (xTaskToDelete != NULL) {
        abort();
    }
    pthread_mutex_lock(&mutex);
    fake_console.tasks--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    pthread_exit(NULL);
}

ssize_t __real_write(int file, const void *data, size_t size);
ssize_t __wrap_write(int file, const void *data, size_t size);

/** The port's; cmocka writes by other functions. */
ssize_t __wrap_write(int file, const void *data, size_t size)
{
    if (file != STDOUT_FILENO) {
        return __real_write(file, data, size);
    }
    pthread_mutex_lock(&mutex);
    if (fake_console.written_size + size > sizeof fake_console.written) {
        abort();
    }
    memcpy(fake_console.written + fake_console.written_size, data, size);
    fake_console.written_size += size;
    fake_console.writes++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return (ssize_t)size;
}
