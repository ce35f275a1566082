# RELOADABLE among the arguments of idf_component_register(), which itself does not know the word.
#
# SPDX-License-Identifier: MIT

# Sets `result` to whether the word is among the arguments, and `arguments` to the others.
function(hotreload_take_keyword result arguments)
    set(others ${ARGN})
    set(found FALSE)
    list(FIND others RELOADABLE index) # IN_LIST is no operator where no policies are set
    if(index GREATER -1)
        set(found TRUE)
        list(REMOVE_ITEM others RELOADABLE)
    endif()
    set(${result} ${found} PARENT_SCOPE)
    set(${arguments} "${others}" PARENT_SCOPE)
endfunction()
