/*
 * ESP-IDF's logging macros, for the emulated board.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ESP_LOG_H
#define ESP_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Prints one line as ESP-IDF does: `I (1234) tag: text`, where 1234 is the uptime in milliseconds.
 *
 * @param letter  E, W or I
 * @param tag     who says it
 * @param format  as for printf, without a newline
 */
void board_log(char letter, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define ESP_LOGE(tag, ...) board_log('E', tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) board_log('W', tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) board_log('I', tag, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
