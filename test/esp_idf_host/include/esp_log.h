/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_LOG_H
#define FAKE_ESP_LOG_H

/** Appends "<letter> <tag>: <text>\n" to the log of fakes/fake_log.h. */
void fake_log_write(char letter, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define ESP_LOGE(tag, format, ...) fake_log_write('E', tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) fake_log_write('W', tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) fake_log_write('I', tag, format, ##__VA_ARGS__)

#endif
