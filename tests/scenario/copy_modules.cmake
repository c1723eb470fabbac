# The shipped modules that workflow needs, beside the small desk of the tests: cmake -DROOT=.. -DTO=.. -P copy_modules.cmake
file(REMOVE_RECURSE ${TO})
foreach(module organisation flow)
  file(COPY ${ROOT}/modules/${module} DESTINATION ${TO})
endforeach()
file(COPY ${ROOT}/tests/data/flow/desk DESTINATION ${TO})
