# The install component `relocatable`, packed by `cpack -G TGZ` and by ./gpu --bundle: a tree that runs from any folder
# of a machine with glibc, libstdc++ and, for cards, CUDA's libraries. It holds the programs of a report, every other
# library that they need, the studies, and ./gpu itself.
if(NOT CUCURBIT_INSTALL OR NOT TARGET cucurbit_program)
  return()
endif()
set(component COMPONENT relocatable EXCLUDE_FROM_ALL)
set(programs "")
foreach(program cucurbit_program cuda_bench parity_operations parity_settings)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION bin ${component})
    # The old kind of path, which also holds for the libraries that these libraries need.
    target_link_options(${program} PRIVATE LINKER:--disable-new-dtags)
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
    list(APPEND programs $<TARGET_FILE:${program}>)
  endif()
endforeach()
# What the Python package loads, where it was built.
if(TARGET cucurbit_c)
  install(TARGETS cucurbit_c LIBRARY DESTINATION lib ${component} OPTIONAL)
  set_target_properties(cucurbit_c PROPERTIES INSTALL_RPATH "$ORIGIN")
endif()

# Under the names that the programs ask for, whatever chain of links leads to them here.
install(CODE "set(programs \"${programs}\")" ${component})
install(CODE [[
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${programs} RESOLVED_DEPENDENCIES_VAR libraries
       PRE_EXCLUDE_REGEXES "^lib(c|m|dl|rt|pthread|stdc[+][+]|gcc_s)[.]so" "^ld-linux" "^lib(cu|nv)")
  foreach(library IN LISTS libraries)
    cmake_path(GET library FILENAME name)
    file(REAL_PATH "${library}" library)
    file(MAKE_DIRECTORY "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib")
    file(COPY_FILE "${library}" "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/${name}")
  endforeach()
]] ${component})

install(PROGRAMS gpu DESTINATION . ${component})
install(DIRECTORY scripts/gpu DESTINATION scripts ${component} FILES_MATCHING PATTERN *.py PATTERN *.json)
install(DIRECTORY examples/ DESTINATION examples ${component} FILES_MATCHING REGEX "/[^/]*[.]toml$"
        PATTERN digits EXCLUDE PATTERN features EXCLUDE)
install(FILES LICENSE README.md DESTINATION . ${component})

set(CPACK_GENERATOR TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME ${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
if(CUCURBIT_WITH_CUDA)
  string(APPEND CPACK_PACKAGE_FILE_NAME -cuda)
endif()
set(CPACK_INSTALL_CMAKE_PROJECTS ${PROJECT_BINARY_DIR} ${PROJECT_NAME} relocatable /)
include(CPack)
