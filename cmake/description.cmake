# hotreload.json, which describes a build to the host tools.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

# Sets `result` to a JSON string, or to null for no text.
function(_hotreload_json result text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    set(${result} null PARENT_SCOPE)
    if(NOT text STREQUAL "")
        set(${result} "\"${text}\"" PARENT_SCOPE)
    endif()
endfunction()

# Sets `result` to a JSON array of strings.
function(_hotreload_json_array result)
    set(items "")
    foreach(item ${ARGN})
        _hotreload_json(item "${item}")
        list(APPEND items "${item}")
    endforeach()
    string(REPLACE ";" ", " items "${items}")
    set(${result} "[${items}]" PARENT_SCOPE)
endfunction()

# Writes hotreload.json from the arguments of hotreload_add_module().
macro(hotreload_describe_module dir objects)
    _hotreload_json_array(compiler_flags ${arg_COMPILER_FLAGS})
    _hotreload_json_array(linker_flags ${arg_LINKER_FLAGS})
    _hotreload_json_array(libraries ${arg_MODULE_LIBRARIES})
    _hotreload_json_array(watch_dirs ${arg_WATCH_DIRS})
    set(text_readable $<IF:$<BOOL:${arg_TEXT_READABLE}>,true,false>)
    _hotreload_json(project "${arg_PROJECT}")
    _hotreload_json(url "${arg_URL}")
    _hotreload_json(c_library "${arg_C_LIBRARY}")
    file(GENERATE OUTPUT ${dir}/hotreload.json CONTENT "{
    \"format\": 1,
    \"project\": ${project},
    \"arch\": \"${arg_ARCH}\",
    \"chip\": ${arg_CHIP},
    \"abi\": ${arg_ABI},
    \"identity\": \"${arg_IDENTITY}\",
    \"build_dir\": \"${CMAKE_BINARY_DIR}\",
    \"source_dir\": \"${CMAKE_SOURCE_DIR}\",
    \"ninja\": \"${CMAKE_MAKE_PROGRAM}\",
    \"objects_target\": \"hotreload_objects\",
    \"objects\": [\"$<JOIN:${objects},\", \">\"],
    \"firmware_elf\": \"$<TARGET_FILE:${arg_FIRMWARE}>\",
    \"firmware_target\": \"${arg_FIRMWARE}\",
    \"exports\": \"${dir}/exports.txt\",
    \"compiler\": \"${CMAKE_C_COMPILER}\",
    \"compiler_flags\": ${compiler_flags},
    \"linker\": \"${arg_LINKER}\",
    \"linker_flags\": ${linker_flags},
    \"libraries\": ${libraries},
    \"c_library\": ${c_library},
    \"text_readable\": ${text_readable},
    \"exceptions\": $<IF:$<BOOL:${arg_EXCEPTIONS}>,true,false>,
    \"module_elf\": \"${dir}/module.elf\",
    \"module\": \"${dir}/module.bin\",
    \"partition_image\": \"${dir}/partition.bin\",
    \"partition_size\": ${arg_PARTITION_SIZE},
    \"secret\": \"${dir}/secret.key\",
    \"watch_dirs\": ${watch_dirs},
    \"url\": ${url}
}
")
endmacro()

# The same for a build without a module: the tools say why, and run CMake when that may have changed.
function(hotreload_describe_no_module reason)
    _hotreload_json(reason "${reason}")
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/hotreload/hotreload.json CONTENT "{
    \"format\": 1,
    \"no_module\": ${reason},
    \"build_dir\": \"${CMAKE_BINARY_DIR}\",
    \"ninja\": \"${CMAKE_MAKE_PROGRAM}\"
}
")
endfunction()
