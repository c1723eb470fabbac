# One function makes a room of the house: its library, its tests and its arrows.
#
#   yipan_room(figure SOURCES a.cpp b.cpp TESTS a_test.cpp DEPS base model LINKS fmt::fmt)
#
# folder = target = namespace. DEPS are the allowed arrows; test/layers_test compares them with the includes.
set(YIPAN_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers)

function(yipan_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;TESTS;DEPS;LINKS" ${ARGN})
  add_library(yipan_${name} STATIC ${ARG_SOURCES})
  target_include_directories(yipan_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(yipan_${name} PRIVATE ${YIPAN_WARNINGS})
  set(deps ${ARG_DEPS})
  list(TRANSFORM deps PREPEND yipan_)
  target_link_libraries(yipan_${name} PUBLIC ${deps} ${ARG_LINKS})
  if(YIPAN_TESTS AND ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    target_compile_options(${name}_test PRIVATE ${YIPAN_WARNINGS})
    target_compile_definitions(${name}_test PRIVATE YIPAN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name}_test PRIVATE yipan_${name} GTest::gtest_main)
    add_test(NAME ${name}_test COMMAND ${name}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name}_test PROPERTIES LABELS quick)
  endif()
endfunction()
