# The status page that the server answers to `GET /`, compressed into a C file.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

# hotreload_add_status_page(<variable> <python>): sets the variable to the C file, for a library of
# this directory. It needs ${HOTRELOAD}/src among the include directories.
function(hotreload_add_status_page variable python)
    get_filename_component(root ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/.. ABSOLUTE)
    set(page ${root}/src/receive/page.html)
    set(script ${root}/tools/hotreload/status_page.py)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/hotreload_page.c)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${python} ${script} ${page} ${output}
        DEPENDS ${page} ${script}
        COMMENT "Compressing the status page"
        VERBATIM)
    set(${variable} ${output} PARENT_SCOPE)
endfunction()
