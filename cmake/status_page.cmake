# The status page that the server answers to `GET /`, compressed into a C file.
#
# SPDX-License-Identifier: MIT

include_guard()

get_filename_component(HOTRELOAD_PAGE_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

# hotreload_add_status_page(<variable> <python>): sets the variable to the C file, for a library of
# this directory. It needs ${HOTRELOAD}/src among the include directories.
function(hotreload_add_status_page variable python)
    set(page ${HOTRELOAD_PAGE_ROOT}/src/receive/page.html)
    set(script ${HOTRELOAD_PAGE_ROOT}/tools/hotreload/status_page.py)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/hotreload_page.c)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${python} ${script} ${page} ${output}
        DEPENDS ${page} ${script}
        COMMENT "Compressing the status page"
        VERBATIM)
    set(${variable} ${output} PARENT_SCOPE)
endfunction()
