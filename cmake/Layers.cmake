# sluice_layer(NAME [DEPENDS layers...] [LIBS targets...])
#
# One CMake target a layer, sluice_NAME: the sources of src/NAME (and for `api` those of
# src/api; its headers are in include/sluice). The sources of tests/NAME become one
# binary, NAME_test, that links the layer.
function(sluice_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(target sluice_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  list(TRANSFORM arg_DEPENDS PREPEND sluice_)
  target_link_libraries(${target} ${scope} ${arg_DEPENDS} ${arg_LIBS})
endfunction()

# sluice_test(NAME [LIBS targets...]): one GoogleTest binary of tests/NAME/*.cc.
function(sluice_test name)
  cmake_parse_arguments(arg "" "" "LIBS;LABELS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/tests/support)
  target_link_libraries(${name}_test PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                       PROPERTIES LABELS "${name};${arg_LABELS}" TIMEOUT 120)
endfunction()
