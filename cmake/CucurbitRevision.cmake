# cucurbit_revision(TARGET FILE): FILE of the target sees CUCURBIT_VERSION and CUCURBIT_REVISION, the commit built
# from ("unknown" without git). A commit configures again, so that no binary claims an earlier one.
function(cucurbit_revision target file)
  find_package(Git QUIET)
  set(git ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR})
  set(revision unknown)
  if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    execute_process(COMMAND ${git} describe --always --dirty OUTPUT_VARIABLE described
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${git} rev-parse --git-path logs/HEAD OUTPUT_VARIABLE log
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(described)
      set(revision ${described})
    endif()
    cmake_path(ABSOLUTE_PATH log BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    if(EXISTS ${log})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
    endif()
  endif()
  set_property(SOURCE ${file} TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_DEFINITIONS
               CUCURBIT_VERSION="${PROJECT_VERSION}" CUCURBIT_REVISION="${revision}")
endfunction()
