# Libraries that the rooms take from the system.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(Boost 1.74 REQUIRED)
include(CucurbitOpenBLAS)

include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES ${CUCURBIT_OPENBLAS})
check_cxx_source_compiles("extern \"C\" const char* openblas_get_config();
int main() { return openblas_get_config() == nullptr; }" CUCURBIT_BLAS_IS_OPENBLAS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT CUCURBIT_BLAS_IS_OPENBLAS)
  message(WARNING "${CUCURBIT_OPENBLAS} is not OpenBLAS. With netlib's reference BLAS a trial takes "
                  "13 to 20 times as long; install libopenblas-pthread-dev and configure with "
                  "-DCUCURBIT_OPENBLAS=/path/to/libopenblas.so.")
endif()
