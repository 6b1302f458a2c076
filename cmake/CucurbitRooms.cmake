# Each room of the source tree is a static library of its own, so that a test builds only what it uses;
# the installed library holds the objects of them all.

# cucurbit_room(NAME SOURCES a.cpp … USES room… LINKS target…)
function(cucurbit_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(cucurbit_${name} STATIC ${arg_SOURCES})
  target_compile_features(cucurbit_${name} PUBLIC cxx_std_20)
  set_target_properties(cucurbit_${name} PROPERTIES CXX_EXTENSIONS OFF
                                                    POSITION_INDEPENDENT_CODE ON)
  target_include_directories(cucurbit_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                             PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(cucurbit_${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow)
  list(TRANSFORM arg_USES PREPEND cucurbit_)
  target_link_libraries(cucurbit_${name} PUBLIC ${arg_USES} PRIVATE ${arg_LINKS})
  set_property(GLOBAL APPEND PROPERTY CUCURBIT_ROOMS cucurbit_${name})
endfunction()

# The public library `cucurbit::cucurbit`: all rooms but the program's.
function(cucurbit_library)
  get_property(rooms GLOBAL PROPERTY CUCURBIT_ROOMS)
  list(REMOVE_ITEM rooms cucurbit_cli)
  add_library(cucurbit STATIC)
  add_library(cucurbit::cucurbit ALIAS cucurbit)
  foreach(room IN LISTS rooms)
    target_sources(cucurbit PRIVATE $<TARGET_OBJECTS:${room}>)
  endforeach()
  target_link_libraries(cucurbit PRIVATE ${CUCURBIT_OPENBLAS} SQLite::SQLite3 fmt::fmt
                                         Threads::Threads)
  target_include_directories(cucurbit PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                             $<INSTALL_INTERFACE:include>)
endfunction()
