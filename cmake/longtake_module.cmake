# The house rules of a module, program and test, in one place.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Faster builds where the tools for it are there. CMake reads the launcher when a target is made, so this comes first.
if(LONGTAKE_DEVELOPER)
  find_program(LONGTAKE_CCACHE ccache)
  if(LONGTAKE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${LONGTAKE_CCACHE})
  endif()
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=mold LONGTAKE_HAS_MOLD)
  if(LONGTAKE_HAS_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

# Same machine, same seed, same bytes: the compiler may not fuse or reorder floating point differently per call site.
add_library(longtake_options INTERFACE)
target_compile_options(longtake_options INTERFACE -ffp-contract=off)
if(LONGTAKE_DEVELOPER)
  target_compile_options(longtake_options INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(longtake_options INTERFACE -Wno-restrict)  # false alarms on std::string, GCC bug 105651
  endif()
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(longtake_options INTERFACE -Wno-subobject-linkage)  # takes the sources for headers
  endif()
endif()
if(LONGTAKE_SANITIZE)
  target_compile_options(longtake_options INTERFACE -fsanitize=${LONGTAKE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(longtake_options INTERFACE -fsanitize=${LONGTAKE_SANITIZE})
endif()

# longtake_module(NAME SOURCES file... [MODULES module...] [LIBRARIES target...])
# One folder of src/ as the static library longtake_NAME (alias longtake::NAME). MODULES are the modules whose headers
# it may include, LIBRARIES third parties, which never show in its headers.
function(longtake_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES;LIBRARIES" ${ARGN})
  add_library(longtake_${name} STATIC ${ARG_SOURCES})
  add_library(longtake::${name} ALIAS longtake_${name})
  set_target_properties(longtake_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(longtake_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM ARG_MODULES PREPEND longtake::)
  # A library of headers only is used up when the module is built: whoever links the installed module need not have it.
  list(TRANSFORM ARG_LIBRARIES REPLACE "^nlohmann_json::nlohmann_json$" "$<BUILD_INTERFACE:\\0>")
  target_link_libraries(longtake_${name} PUBLIC ${ARG_MODULES}
                        PRIVATE $<BUILD_INTERFACE:longtake_options> ${ARG_LIBRARIES})
endfunction()

# longtake_library(NAME FOR module SOURCES file... [MODULES module...] [LIBRARIES target...])
# What needs heavy third parties as a library that the module opens when it is first needed (base/library.h), so that
# programs start without them. It lies in lib/longtake, in the build folder and where longtake is installed, and shows
# nothing but what is declared to be visible.
function(longtake_library name)
  cmake_parse_arguments(ARG "" "FOR" "SOURCES;MODULES;LIBRARIES" ${ARGN})
  add_library(longtake_${name} MODULE ${ARG_SOURCES})
  list(TRANSFORM ARG_MODULES PREPEND longtake::)
  target_include_directories(longtake_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(longtake_${name} PRIVATE longtake_options ${ARG_MODULES} ${ARG_LIBRARIES})
  target_link_options(longtake_${name} PRIVATE LINKER:--exclude-libs,ALL)
  set_target_properties(longtake_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR}/longtake)
  install(TARGETS longtake_${name} DESTINATION ${CMAKE_INSTALL_LIBDIR}/longtake)
  add_dependencies(longtake_${ARG_FOR} longtake_${name})  # whoever builds the module has it, too
endfunction()

# longtake_program(NAME SOURCES file... [MODULES module...] [LIBRARIES target...])
function(longtake_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_MODULES PREPEND longtake::)
  target_link_libraries(${name} PRIVATE ${ARG_MODULES} longtake_options ${ARG_LIBRARIES})
endfunction()

# longtake_test(NAME SOURCES file... [MODULES module...] [LIBRARIES target...] [LABELS label...])
# A GoogleTest program that is one entry of ctest, labelled with its folder: `ctest -L media` runs the tests of media, and
# the target media_tests builds them.
function(longtake_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;MODULES;LIBRARIES;LABELS" ${ARGN})
  longtake_program(${name} SOURCES ${ARG_SOURCES} MODULES ${ARG_MODULES}
                   LIBRARIES GTest::gmock GTest::gtest_main ${ARG_LIBRARIES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)  # what is tested is optimised; its test builds sooner
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  if(NOT TARGET ${folder}_tests)
    add_custom_target(${folder}_tests)
  endif()
  add_dependencies(${folder}_tests ${name})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${folder};${ARG_LABELS}" TIMEOUT 600)
endfunction()
