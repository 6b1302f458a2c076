# Install rules: library, headers, program, and what find_package(cucurbit) needs.
if(NOT CUCURBIT_INSTALL)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cucurbit)

install(TARGETS cucurbit EXPORT cucurbit ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/cucurbit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
if(TARGET cucurbit_program)
  install(TARGETS cucurbit_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET cucurbit_c)
  install(TARGETS cucurbit_c LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(EXPORT cucurbit NAMESPACE cucurbit:: DESTINATION ${package_dir} FILE cucurbitTargets.cmake)
configure_package_config_file(cmake/cucurbitConfig.cmake.in cucurbitConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(cucurbitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cucurbitConfig.cmake
              ${PROJECT_BINARY_DIR}/cucurbitConfigVersion.cmake cmake/CucurbitOpenBLAS.cmake
        DESTINATION ${package_dir})
install(FILES LICENSE CITATION.cff README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
