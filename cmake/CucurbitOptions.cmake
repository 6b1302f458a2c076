# What a user can switch, and the compiler settings that hold for every target. Nothing here names an
# instruction set: the binary runs on any x86-64, and kernels choose their vector code at run time.
option(CUCURBIT_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(CUCURBIT_STANDIN "Build the tests that run the CUDA engine on the CPU, where there is the toolkit" ON)
option(CUCURBIT_BENCH "Build the Google Benchmark sweeps" OFF)
option(CUCURBIT_INSTALL "Write install rules" ${PROJECT_IS_TOP_LEVEL})
option(CUCURBIT_WARNINGS_AS_ERRORS "Fail on any compiler warning" OFF)
set(CUCURBIT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined)")
set(CUCURBIT_WARNINGS -Wall -Wextra -Wpedantic -Wshadow)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  find_program(CUCURBIT_CCACHE ccache)
  if(CUCURBIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CUCURBIT_CCACHE})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${CUCURBIT_CCACHE})
  endif()
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND CUCURBIT_WARNINGS -Wno-restrict) # false alarms on std::string, GCC bug 105651
endif()
if(CMAKE_UNITY_BUILD)
  # A local name may be a constant of another file; clang cannot leave that out alone.
  list(APPEND CUCURBIT_WARNINGS -Wno-shadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND CUCURBIT_WARNINGS -Wshadow=local)
  endif()
endif()
if(CUCURBIT_WARNINGS_AS_ERRORS)
  list(APPEND CUCURBIT_WARNINGS -Werror)
endif()
if(CUCURBIT_SANITIZE)
  add_compile_options(-fsanitize=${CUCURBIT_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CUCURBIT_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Its checks hide from g++ which paths initialise what.
    list(APPEND CUCURBIT_WARNINGS -Wno-maybe-uninitialized)
  endif()
endif()
