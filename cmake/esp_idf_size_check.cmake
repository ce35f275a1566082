# ESP-IDF checks that the firmware fits into the partitions of type app. The one for modules is such a
# partition, but the firmware is never written there, so it is left out.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

set(HOTRELOAD_SIZE_CHECK ${CMAKE_CURRENT_LIST_DIR}/../tools/hotreload/firmware_size_check.py)

# Called when a component is registered: the function exists since partition_table's
# project_include.cmake, which may come after ours, and is used after the first component.
function(hotreload_adapt_size_check)
    get_property(adapted GLOBAL PROPERTY HOTRELOAD_SIZE_CHECK_ADAPTED)
    if(adapted OR NOT CONFIG_HOTRELOAD_ENABLE OR NOT COMMAND partition_table_add_check_size_target)
        return()
    endif()
    set_property(GLOBAL PROPERTY HOTRELOAD_SIZE_CHECK_ADAPTED TRUE)
    # The name with the underscore is that of ESP-IDF's own function from here on.
    function(partition_table_add_check_size_target)
        list(PREPEND PARTITION_TABLE_CHECK_SIZES_TOOL_PATH ${HOTRELOAD_SIZE_CHECK})
        _partition_table_add_check_size_target(${ARGV})
    endfunction()
endfunction()
