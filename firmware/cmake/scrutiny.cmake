# Tag a program after linking, and write the description of its variables:
#
#   include(path/to/firmware/cmake/scrutiny.cmake)
#   scrutiny_postbuild(my_firmware DEREFERENCE_POINTERS ALIAS_FILES aliases.json INSTALL_SFD)
#
# The device announces the identifier that is written into the program, and the server looks for
# the description of that name.
#
#   INSTALL_SFD                      put the description where the server of this account finds it
#   DEREFERENCE_POINTERS             list what pointers point to as well
#   FAIL_ON_DROPPED                  fail if a variable cannot be listed
#   ALIAS_FILES file...              JSON files with aliases
#   CU_IGNORE_PATTERNS pattern...    compile units to leave out
#   PATH_IGNORE_PATTERNS pattern...  variables to leave out
#   METADATA_PROJECT_NAME text       shown to users; default: the name of the target
#   METADATA_AUTHOR text
#   METADATA_VERSION text            default: the version of the project
#   SFD_FILENAME name                default: <target>.sfd
#   TAGGED_EXECUTABLE_NAME name      tag a copy of this name; without, the program itself is tagged
#   WORK_FOLDER folder               where both go; default: beside the program
#   SFD_OUTPUT variable              gets the path of the description
#   TAGGED_EXECUTABLE_OUTPUT variable  gets the path of the tagged program
#   SCRUTINY_CMD command...          default: scrutiny
#   CPPFILT program                  not needed, names are demangled without; accepted and ignored

function(scrutiny_postbuild target)
  set(flags INSTALL_SFD DEREFERENCE_POINTERS FAIL_ON_DROPPED)
  set(values
    METADATA_PROJECT_NAME METADATA_AUTHOR METADATA_VERSION
    SFD_FILENAME TAGGED_EXECUTABLE_NAME WORK_FOLDER SFD_OUTPUT TAGGED_EXECUTABLE_OUTPUT CPPFILT)
  set(lists ALIAS_FILES CU_IGNORE_PATTERNS PATH_IGNORE_PATTERNS SCRUTINY_CMD)
  cmake_parse_arguments(ARG "${flags}" "${values}" "${lists}" ${ARGN})

  if(NOT TARGET "${target}")
    message(FATAL_ERROR "scrutiny_postbuild: ${target} is not a target")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "scrutiny_postbuild: unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()

  if(NOT ARG_SCRUTINY_CMD)
    set(ARG_SCRUTINY_CMD scrutiny)
  endif()
  if(NOT ARG_SFD_FILENAME)
    set(ARG_SFD_FILENAME "${target}.sfd")
  endif()
  if(NOT ARG_METADATA_PROJECT_NAME)
    set(ARG_METADATA_PROJECT_NAME "${target}")
  endif()
  if(NOT ARG_METADATA_VERSION)
    set(ARG_METADATA_VERSION "${PROJECT_VERSION}")
  endif()
  set(folder "$<TARGET_FILE_DIR:${target}>")
  if(ARG_WORK_FOLDER)
    get_filename_component(folder "${ARG_WORK_FOLDER}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
    file(MAKE_DIRECTORY "${folder}")
  endif()
  set(description "${folder}/${ARG_SFD_FILENAME}")

  set(options -o "${description}" --project-name "${ARG_METADATA_PROJECT_NAME}")
  if(ARG_TAGGED_EXECUTABLE_NAME)
    set(program "${folder}/${ARG_TAGGED_EXECUTABLE_NAME}")
    list(APPEND options --tagged "${program}")
  else()
    set(program "$<TARGET_FILE:${target}>")
    list(APPEND options --tag-inplace)
  endif()
  foreach(text AUTHOR VERSION)
    if(ARG_METADATA_${text})
      string(TOLOWER "--${text}" option)
      list(APPEND options "${option}" "${ARG_METADATA_${text}}")
    endif()
  endforeach()
  if(ARG_ALIAS_FILES)
    list(APPEND options --alias)
    foreach(file IN LISTS ARG_ALIAS_FILES)
      get_filename_component(file "${file}" ABSOLUTE)
      list(APPEND options "${file}")
      set_property(TARGET "${target}" APPEND PROPERTY LINK_DEPENDS "${file}")
    endforeach()
  endif()
  if(ARG_CU_IGNORE_PATTERNS)
    list(APPEND options --cu_ignore_patterns ${ARG_CU_IGNORE_PATTERNS})
  endif()
  if(ARG_PATH_IGNORE_PATTERNS)
    list(APPEND options --path_ignore_patterns ${ARG_PATH_IGNORE_PATTERNS})
  endif()
  foreach(flag INSTALL_SFD:--install DEREFERENCE_POINTERS:--dereference-pointers
               FAIL_ON_DROPPED:--fail-on-dropped)
    string(REPLACE ":" ";" pair "${flag}")
    list(GET pair 0 name)
    list(GET pair 1 option)
    if(ARG_${name})
      list(APPEND options "${option}")
    endif()
  endforeach()

  add_custom_command(TARGET "${target}" POST_BUILD
    COMMAND ${ARG_SCRUTINY_CMD} sfd build "$<TARGET_FILE:${target}>" ${options}
    VERBATIM)

  if(ARG_SFD_OUTPUT)
    set("${ARG_SFD_OUTPUT}" "${description}" PARENT_SCOPE)
  endif()
  if(ARG_TAGGED_EXECUTABLE_OUTPUT)
    set("${ARG_TAGGED_EXECUTABLE_OUTPUT}" "${program}" PARENT_SCOPE)
  endif()
endfunction()
