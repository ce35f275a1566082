# A reloadable component's library stays what CMake made it: the same target, compiled by the same
# commands, with the same requirements for its users. Only the archive that the firmware links holds
# nothing; the object files go into the module.
#
# SPDX-License-Identifier: MIT

include_guard(GLOBAL)

# Empties the archive of a STATIC library. Call it in the directory that defines the library.
function(hotreload_empty_archive library)
    set(empty ${CMAKE_BINARY_DIR}/hotreload/empty.a)
    file(WRITE ${empty} "!<arch>\n")
    set(stamp ${CMAKE_CURRENT_BINARY_DIR}/hotreload_${library}.stamp)
    # The archiver's command line becomes the arguments of a command that does nothing.
    set_property(TARGET ${library} PROPERTY RULE_LAUNCH_LINK "\"${CMAKE_COMMAND}\" -E true")
    # Because of the byproduct, Ninja looks afterwards whether the archive is newer. It is not, so
    # that another function body does not link the firmware again.
    add_custom_command(TARGET ${library} POST_BUILD
        COMMAND ${CMAKE_COMMAND} -E copy_if_different ${empty} $<TARGET_FILE:${library}>
        COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
        BYPRODUCTS ${stamp}
        VERBATIM)
endfunction()

# Sets `result` to the object files that the archive would hold, as generator expressions: its own,
# those among its sources, and those of OBJECT libraries that it links. Called last of all.
function(hotreload_find_objects result library)
    set(objects "$<FILTER:$<TARGET_OBJECTS:${library}>,EXCLUDE,[.]gch$>"
        "$<FILTER:$<TARGET_PROPERTY:${library},SOURCES>,INCLUDE,[.](o|obj)$>")
    get_target_property(linked ${library} LINK_LIBRARIES)
    foreach(name ${linked})
        if(TARGET "${name}")
            get_target_property(type ${name} TYPE)
            if(type STREQUAL "OBJECT_LIBRARY")
                list(APPEND objects $<TARGET_OBJECTS:${name}>)
            endif()
        endif()
    endforeach()
    set(${result} ${objects} PARENT_SCOPE)
endfunction()

# Code that a patch replaces may still run. So its functions must keep to the ABI in what registers
# they spare, and a kept variable must not be found by the address of another one.
function(hotreload_add_patch_options library)
    target_compile_options(${library} PRIVATE
        $<$<COMPILE_LANG_AND_ID:C,GNU>:-fno-ipa-ra;-fno-section-anchors>
        $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-ipa-ra;-fno-section-anchors>)
endfunction()

# Switches link-time optimisation off for libraries, and says so: it leaves no machine code in the
# object files of a module, which is linked by itself. `options` are those of the whole project.
function(hotreload_switch_off_lto options)
    set(switched "")
    foreach(library ${ARGN})
        get_target_property(own ${library} COMPILE_OPTIONS)
        get_target_property(flags ${library} COMPILE_FLAGS)
        get_target_property(optimized ${library} INTERPROCEDURAL_OPTIMIZATION)
        if(optimized OR "${options} ${own} ${flags}" MATCHES "-flto")
            set_property(TARGET ${library} PROPERTY INTERPROCEDURAL_OPTIMIZATION OFF)
            target_compile_options(${library} PRIVATE -fno-lto)
            list(APPEND switched ${library})
        endif()
    endforeach()
    if(switched)
        list(JOIN switched ", " names)
        message(STATUS "hotreload: link-time optimisation (-flto) is off for ${names}, because a "
            "module is linked by itself")
    endif()
endfunction()
