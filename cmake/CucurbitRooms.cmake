# Each room of the source tree is a static library of its own, so that a test builds only what it uses;
# the installed library holds the objects of them all.

# In a link line: whether the executable is for CUDA itself. Executables with the property CUCURBIT_STANDIN
# bring their own CUDA engine and library (tests/standin).
set(CUCURBIT_NO_STANDIN "$<NOT:$<BOOL:$<TARGET_PROPERTY:CUCURBIT_STANDIN>>>")

# cucurbit_settings(TARGET): what every target of this project is compiled with.
function(cucurbit_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${CUCURBIT_WARNINGS}>")
endfunction()

# cucurbit_room(NAME SOURCES a.cpp … USES room… LINKS target…)
function(cucurbit_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(cucurbit_${name} STATIC ${arg_SOURCES})
  cucurbit_settings(cucurbit_${name})
  target_include_directories(cucurbit_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM arg_USES PREPEND cucurbit_)
  target_link_libraries(cucurbit_${name} PUBLIC ${arg_USES} PRIVATE ${arg_LINKS})
  set_property(GLOBAL APPEND PROPERTY CUCURBIT_ROOMS cucurbit_${name})
  if(NOT name STREQUAL "cli")
    set_property(GLOBAL APPEND PROPERTY CUCURBIT_LINKS ${arg_LINKS})
  endif()
endfunction()

# The public library `cucurbit::cucurbit`: all rooms but the program's, and the libraries that a consumer
# must link; headers of dependencies stay inside.
function(cucurbit_library)
  get_property(rooms GLOBAL PROPERTY CUCURBIT_ROOMS)
  list(REMOVE_ITEM rooms cucurbit_cli)
  add_library(cucurbit STATIC)
  add_library(cucurbit::cucurbit ALIAS cucurbit)
  cucurbit_settings(cucurbit)
  foreach(room IN LISTS rooms)
    target_sources(cucurbit PRIVATE $<TARGET_OBJECTS:${room}>)
  endforeach()
  get_property(links GLOBAL PROPERTY CUCURBIT_LINKS)
  list(REMOVE_DUPLICATES links)
  list(TRANSFORM links REPLACE "^${CUCURBIT_OPENBLAS}$" cucurbit::openblas)
  foreach(link IN LISTS links)
    if(TARGET ${link})
      get_target_property(type ${link} TYPE)
      get_target_property(needs ${link} INTERFACE_LINK_LIBRARIES)
      if(type STREQUAL "INTERFACE_LIBRARY" AND NOT needs)
        continue()
      endif()
    endif()
    if(link MATCHES "^CUDA::")
      set(link $<${CUCURBIT_NO_STANDIN}:${link}>)
    endif()
    target_link_libraries(cucurbit PRIVATE ${link})
  endforeach()
  target_include_directories(cucurbit PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
endfunction()
