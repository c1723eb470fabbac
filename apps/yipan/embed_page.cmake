# Writes page.S and page.cpp: every file below DIST as bytes, with a gzip twin where that is smaller, by the path it is asked for.
file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
list(SORT files)
find_program(GZIP gzip)
set(assembly ".section .rodata\n")
set(externs "")
set(rows "")
set(n 0)
foreach(path ${files})
  file(SHA256 ${DIST}/${path} hash)
  string(SUBSTRING ${hash} 0 20 hash)
  get_filename_component(ending ${path} LAST_EXT)
  set(type application/octet-stream)
  foreach(pair ".html=text/html; charset=utf-8" ".js=text/javascript; charset=utf-8" ".css=text/css; charset=utf-8" ".svg=image/svg+xml" ".json=application/json"
          ".png=image/png" ".woff2=font/woff2" ".ico=image/x-icon" ".txt=text/plain; charset=utf-8" ".map=application/json")
    string(REGEX MATCH "^([^=]*)=(.*)$" unused "${pair}")
    if("${CMAKE_MATCH_1}" STREQUAL "${ending}")
      set(type "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  string(APPEND assembly ".globl yipan_page_${n}\nyipan_page_${n}:\n.incbin \"${DIST}/${path}\"\n.globl yipan_page_${n}_end\nyipan_page_${n}_end:\n.byte 0\n")
  string(APPEND externs "extern const char yipan_page_${n}[], yipan_page_${n}_end[];\n")
  set(zipped "{}")
  if(GZIP AND ending MATCHES "^\\.(html|js|css|svg|json|txt|map)$")
    execute_process(COMMAND ${GZIP} -9 -n -c ${DIST}/${path} OUTPUT_FILE ${OUT}/page_${n}.gz)
    string(APPEND assembly ".globl yipan_page_${n}_gz\nyipan_page_${n}_gz:\n.incbin \"${OUT}/page_${n}.gz\"\n.globl yipan_page_${n}_gz_end\nyipan_page_${n}_gz_end:\n.byte 0\n")
    string(APPEND externs "extern const char yipan_page_${n}_gz[], yipan_page_${n}_gz_end[];\n")
    set(zipped "{yipan_page_${n}_gz, static_cast<std::size_t>(yipan_page_${n}_gz_end - yipan_page_${n}_gz)}")
  endif()
  string(APPEND rows "        {\"/${path}\", \"${type}\", \"\\\"${hash}\\\"\", {yipan_page_${n}, static_cast<std::size_t>(yipan_page_${n}_end - yipan_page_${n})}, ${zipped}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT}/page.S "${assembly}.section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${OUT}/page.cpp "// Made by embed_page.cmake from web/dist.\n#include \"serve.h\"\n\nextern \"C\" {\n${externs}}\n
namespace yipan::app {
const std::vector<api::Asset>& page_files() {
    static const std::vector<api::Asset> files{
${rows}    };
    return files;
}
}  // namespace yipan::app
")
