# The suite's own vocabulary: components, programs, tests.

set(SUITE_MATH_FLAGS -fno-math-errno -fno-trapping-math)
add_library(suite_options INTERFACE)
target_compile_options(suite_options INTERFACE
  -Wall -Wextra -Wpedantic -march=${SUITE_ARCH} ${SUITE_MATH_FLAGS}
  -Wno-stringop-overflow)  # g++ 12 sees an overflow in fmt's parser that is not there
target_include_directories(suite_options INTERFACE ${CMAKE_SOURCE_DIR})
target_link_libraries(suite_options INTERFACE fmt::fmt OpenMP::OpenMP_CXX)
if(SUITE_SANITIZE)
  target_compile_options(suite_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(suite_options INTERFACE -fsanitize=address,undefined)
endif()

# suite_component(NAME SOURCES a.cpp ... USES tensors ... LIBRARIES ZLIB::ZLIB ...)
# One static library of common/, linked as suite::NAME.
function(suite_component name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(suite_${name} STATIC ${arg_SOURCES})
  add_library(suite::${name} ALIAS suite_${name})
  list(TRANSFORM arg_USES PREPEND suite::)
  target_link_libraries(suite_${name} PUBLIC suite_options ${arg_USES} PRIVATE ${arg_LIBRARIES})
endfunction()

# suite_test(NAME SOURCES a.cpp ... USES tensors ... LABEL unit [LIBRARIES ...] [ARGS ...] [CASES a b ...])
# One Boost.Test program; ctest runs it as NAME under LABEL; with CASES as NAME.a, NAME.b and so on, each the test cases a_*, b_*.
function(suite_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;USES;LIBRARIES;ARGS;CASES" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND suite::)
  target_link_libraries(test_${name} PRIVATE suite_options ${arg_USES} ${arg_LIBRARIES} Boost::unit_test_framework)
  target_compile_definitions(test_${name} PRIVATE BOOST_TEST_DYN_LINK SUITE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # The module has one main: it stands in the first source.
  list(GET arg_SOURCES 0 main_source)
  set_property(SOURCE ${main_source} APPEND PROPERTY COMPILE_DEFINITIONS BOOST_TEST_MODULE=${name})
  if(arg_CASES)
    foreach(case IN LISTS arg_CASES)
      add_test(NAME ${name}.${case} COMMAND test_${name} --run_test=${case}_* ${arg_ARGS})
    endforeach()
    list(TRANSFORM arg_CASES PREPEND ${name}. OUTPUT_VARIABLE tests)
  else()
    add_test(NAME ${name} COMMAND test_${name} ${arg_ARGS})
    set(tests ${name})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "OMP_WAIT_POLICY=passive")
endfunction()
