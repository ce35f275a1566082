/* SPDX-License-Identifier: MIT */
#include "bad_modules.h"

#include <string.h>

#include "fake_port.h"
#include "module_builder.h"

#define TEXT_LINK 0xa0000000u

enum {
    NOT_ELF,
    BITS_64,
    BIG_ENDIAN_FILE,
    CUT_SHORT,
    OTHER_MACHINE,
    OTHER_CHIP,
    OTHER_FIRMWARE,
    LACKS_EXPORT,
    UNKNOWN_RELOCATION,
    VALUE_DOES_NOT_FIT,
    TOO_LARGE,
};

const bad_module_t bad_modules[BAD_MODULES] = {
    [NOT_ELF] = {"not_an_elf_file", ESP_ERR_INVALID_RESPONSE, "not an ELF file"},
    [BITS_64] = {"64_bit", ESP_ERR_INVALID_RESPONSE,
                 "an ELF file, but not a packed module: send module.bin"},
    [BIG_ENDIAN_FILE] = {"big_endian", ESP_ERR_INVALID_RESPONSE,
                         "an ELF file, but not a packed module: send module.bin"},
    [CUT_SHORT] = {"cut_short", ESP_ERR_INVALID_SIZE, "(defect 21)"},
    [OTHER_MACHINE] = {"other_machine", ESP_ERR_NOT_SUPPORTED, "built for chip"},
    [OTHER_CHIP] = {"other_chip", ESP_ERR_NOT_SUPPORTED, "built for chip 5, ABI"},
    [OTHER_FIRMWARE] = {"other_firmware", ESP_ERR_INVALID_VERSION, "linked with another firmware"},
    [LACKS_EXPORT] = {"lacks_an_export", ESP_ERR_NOT_FOUND,
                      "the module lacks gamma(), which the firmware calls"},
    [UNKNOWN_RELOCATION] = {"unknown_relocation", ESP_ERR_NOT_SUPPORTED,
                            "relocation type 77 is unknown"},
    [VALUE_DOES_NOT_FIT] = {"value_does_not_fit", ESP_ERR_INVALID_SIZE, "(defect 29)"},
    [TOO_LARGE] = {"larger_than_ram", ESP_ERR_NO_MEM, "no data memory for the module"},
};

/** Faults that the module is built with. */
static void spoil(module_spec_t *spec, size_t fault)
{
    static const uint8_t other_id[20] = {1, 2, 3};
    static const module_relocation_t unknown = {TEXT_LINK + 4, 77, HOTRELOAD_SYM_TEXT, 0};
    static const module_relocation_t odd = {TEXT_LINK + 8, 19, HOTRELOAD_SYM_NONE, 0x42000001};
    switch (fault) {
    case OTHER_MACHINE:
        spec->machine = 94;
        break;
    case OTHER_CHIP:
        spec->chip = 5;
        break;
    case OTHER_FIRMWARE:
        spec->firmware_id = other_id;
        break;
    case LACKS_EXPORT:
        spec->export_count = 2;
        break;
    case UNKNOWN_RELOCATION:
    case VALUE_DOES_NOT_FIT:
        spec->relocations = fault == VALUE_DOES_NOT_FIT ? &odd : &unknown;
        spec->relocation_count = 1;
        break;
    case TOO_LARGE:
        spec->data_size = fake_port.data_limit + 4;
        break;
    default:
        break;
    }
}

uint8_t *bad_module_build(const bad_module_t *bad, size_t *size)
{
    const size_t fault = (size_t)(bad - bad_modules);
    module_spec_t spec = module_spec_default();
    spoil(&spec, fault);
    uint8_t *file = module_build(&spec, NULL, size);
    if (fault == NOT_ELF) {
        memcpy(file, "#!/b", 4);
    } else if (fault == BITS_64) {
        file[4] = 2;
    } else if (fault == BIG_ENDIAN_FILE) {
        file[5] = 2;
    } else if (fault == CUT_SHORT) {
        *size -= 1;
    }
    return file;
}
