/*
 * ESP-IDF's error type and numbers, for systems without ESP-IDF: the same code then compiles on
 * both.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ESP_ERR_H
#define ESP_ERR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef int esp_err_t;

#define ESP_OK                   0
#define ESP_FAIL                 (-1)
#define ESP_ERR_NO_MEM           0x101
#define ESP_ERR_INVALID_ARG      0x102
#define ESP_ERR_INVALID_STATE    0x103
#define ESP_ERR_INVALID_SIZE     0x104
#define ESP_ERR_NOT_FOUND        0x105
#define ESP_ERR_NOT_SUPPORTED    0x106
#define ESP_ERR_TIMEOUT          0x107
#define ESP_ERR_INVALID_RESPONSE 0x108
#define ESP_ERR_INVALID_CRC      0x109
#define ESP_ERR_INVALID_VERSION  0x10A
#define ESP_ERR_INVALID_MAC      0x10B
#define ESP_ERR_NOT_FINISHED     0x10C
#define ESP_ERR_FLASH_OP_FAIL    0x6001

/**
 * Name of an error, such as "ESP_ERR_NO_MEM".
 *
 * @param error  any number
 * @return a constant string, never NULL; "UNKNOWN ERROR" for a number without a name. Any task.
 */
const char *esp_err_to_name(esp_err_t error);

/**
 * What ESP_ERROR_CHECK() calls: stops the program with a message. Any task.
 *
 * @param error       what the expression returned
 * @param file        source file
 * @param line        line in it, from 1
 * @param expression  source text of the expression
 */
__attribute__((noreturn)) void esp_error_check_failed(esp_err_t error, const char *file, int line,
                                                      const char *expression);

/** Evaluates an expression once; stops the program if the result is not ESP_OK. */
#define ESP_ERROR_CHECK(expression)                                                                \
    do {                                                                                           \
        esp_err_t esp_error_check_result = (expression);                                           \
        if (esp_error_check_result != ESP_OK) {                                                    \
            esp_error_check_failed(esp_error_check_result, __FILE__, __LINE__, #expression);       \
        }                                                                                          \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
