# cucurbit::openblas: BLAS and LAPACK with Fortran symbols. Also installed, for find_package(cucurbit).
find_library(CUCURBIT_OPENBLAS NAMES openblas lapack
             DOC "OpenBLAS; any other LAPACK that brings its BLAS works, slowly")
if(CUCURBIT_OPENBLAS AND NOT TARGET cucurbit::openblas)
  add_library(cucurbit::openblas UNKNOWN IMPORTED)
  set_target_properties(cucurbit::openblas PROPERTIES IMPORTED_LOCATION ${CUCURBIT_OPENBLAS})
endif()
