# suite_program(NAME SOURCES a.cpp ... PUBLISHED published_NAME.toml)
# One program of a paper: the executable NAME; replicate_NAME builds it, runs it at quick and writes its report; ctest gets
# a smoke run and its page, one test per claim (claim.NAME.ID, named by the ids in the file of published numbers), and page.NAME: that
# the committed page is the one that the committed ledger gives.
function(suite_program name)
  cmake_parse_arguments(arg "" "PUBLISHED" "SOURCES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE suite_options suite::reporting suite::experiments suite::metrics suite::datasets suite::nn
    suite::distributions suite::autodiff suite::tensors)
  target_compile_definitions(${name} PRIVATE SUITE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

  add_custom_target(replicate_${name}
    COMMAND ${name} run --profile quick
    COMMAND ${name} report
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} USES_TERMINAL VERBATIM)

  set(smoke ${CMAKE_CURRENT_BINARY_DIR}/smoke)
  add_test(NAME smoke.${name}
    COMMAND ${name} run --profile smoke --fresh --runs ${smoke}/runs --reports ${smoke}/reports
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(smoke.${name} PROPERTIES LABELS smoke TIMEOUT 600 ENVIRONMENT "OMP_WAIT_POLICY=passive" FIXTURES_SETUP smoke_${name})
  add_test(NAME smoke_page.${name} COMMAND ${name} report --runs ${smoke}/runs --reports ${smoke}/reports WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(smoke_page.${name} PROPERTIES LABELS smoke TIMEOUT 120 FIXTURES_REQUIRED smoke_${name})

  if(EXISTS ${CMAKE_SOURCE_DIR}/reports/${name}/index.md)
    add_test(NAME page.${name} COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${name}> -DNAME=${name}
      -DREPORTS=${CMAKE_SOURCE_DIR}/reports -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/page/${name} -P ${CMAKE_SOURCE_DIR}/cmake/check_page.cmake)
    set_tests_properties(page.${name} PROPERTIES LABELS page TIMEOUT 120)
  endif()

  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_PUBLISHED})
  file(STRINGS ${arg_PUBLISHED} lines REGEX "^[ \t]*id[ \t]*=")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[ \t]*id[ \t]*=[ \t]*\"([^\"]*)\".*" "\\1" id "${line}")
    add_test(NAME claim.${name}.${id} COMMAND ${name} check --claim ${id} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(claim.${name}.${id} PROPERTIES LABELS claims TIMEOUT 60 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()
