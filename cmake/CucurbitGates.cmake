# Targets format and format-check (clang-format 14).
find_program(CUCURBIT_CLANG_FORMAT clang-format-14)
if(CUCURBIT_CLANG_FORMAT)
  set(files find include host kernels tests bench -name "*.[ch]pp" -print0 -o -name "*.inl" -print0 -o -name "*.cu" -print0)
  foreach(target format format-check)
    set(mode -i)
    if(target STREQUAL "format-check")
      set(mode --dry-run -Werror)
    endif()
    add_custom_target(${target} COMMAND ${files} | xargs -0 ${CUCURBIT_CLANG_FORMAT} ${mode}
                      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endforeach()
endif()
