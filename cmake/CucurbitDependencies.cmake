# Libraries that the rooms take from the system.
find_package(Threads REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
# For a compiler that must not see the system's other headers, such as one for an older glibc (scripts/wheel.sh).
set(CUCURBIT_HEADERS "" CACHE PATH "Folder with the headers of fmt, spdlog, nlohmann, toml++, CLI11 and Boost, for a \
build without their libraries")
if(CUCURBIT_HEADERS)
  foreach(target IN ITEMS fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json tomlplusplus::tomlplusplus
                          CLI11::CLI11 Boost::headers)
    add_library(${target} INTERFACE IMPORTED)
    target_include_directories(${target} INTERFACE ${CUCURBIT_HEADERS})
  endforeach()
  target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
  target_compile_definitions(spdlog::spdlog INTERFACE FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
else()
  find_package(fmt 9 REQUIRED)
  find_package(spdlog 1.10 REQUIRED)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_package(tomlplusplus 3.3 REQUIRED)
  find_package(CLI11 2.1 REQUIRED)
  find_package(Boost 1.74 REQUIRED)
endif()
include(CucurbitOpenBLAS)
# Such as that of PyPI's package scipy-openblas32, scipy_: the sources call the names without it.
set(CUCURBIT_BLAS_PREFIX "" CACHE STRING "What the names of the symbols in CUCURBIT_OPENBLAS begin with")
if(CUCURBIT_BLAS_PREFIX)
  foreach(name IN ITEMS dgejsv_ dgelqf_ dgemm_ dgeqrf_ dgesv_ dgesvd_ dorgqr_ dpotrf_ dsyevd_ dtrmm_ dtrsm_ zgesv_
                        openblas_get_config openblas_get_corename openblas_get_num_threads openblas_set_num_threads)
    add_compile_definitions(${name}=${CUCURBIT_BLAS_PREFIX}${name})
  endforeach()
endif()

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES ${CUCURBIT_OPENBLAS})
check_cxx_source_compiles("extern \"C\" const char* ${CUCURBIT_BLAS_PREFIX}openblas_get_config();
int main() { return ${CUCURBIT_BLAS_PREFIX}openblas_get_config() == nullptr; }" CUCURBIT_BLAS_IS_OPENBLAS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT CUCURBIT_BLAS_IS_OPENBLAS)
  message(WARNING "${CUCURBIT_OPENBLAS} is not OpenBLAS. With netlib's reference BLAS a trial takes "
                  "13 to 20 times as long; install libopenblas-pthread-dev and configure with "
                  "-DCUCURBIT_OPENBLAS=/path/to/libopenblas.so.")
endif()
