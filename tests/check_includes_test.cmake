# That check_includes.cmake catches what it is for: each case writes a small project and says what the check must answer.
#
#   cmake -D WORK=<empty folder> -P tests/check_includes_test.cmake
cmake_minimum_required(VERSION 3.25)

# expect(NAME text PASSES|FAILS_WITH pattern FILES path contents [path contents...] [LINKS links])
function(expect name)
  cmake_parse_arguments(ARG "PASSES" "FAILS_WITH;LINKS" "FILES" ${ARGN})
  file(REMOVE_RECURSE ${WORK})
  while(ARG_FILES)
    list(POP_FRONT ARG_FILES path contents)
    file(WRITE ${WORK}/${path} "${contents}")
  endwhile()
  execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${WORK} -D LINKS=${ARG_LINKS}
                          -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/check_includes.cmake
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  file(REMOVE_RECURSE ${WORK})
  if(ARG_PASSES AND NOT result EQUAL 0)
    message(FATAL_ERROR "${name}: must pass, but:\n${output}")
  elseif(ARG_FAILS_WITH AND (result EQUAL 0 OR NOT output MATCHES "${ARG_FAILS_WITH}"))
    message(FATAL_ERROR "${name}: must fail with '${ARG_FAILS_WITH}', but gave ${result}:\n${output}")
  endif()
  message("ok: ${name}")
endfunction()

expect("what the table allows passes" PASSES
  FILES src/layers/a.cc "#include \"base/files.h\"\n#include \"graph/ops.h\"\n#include \"longtake/tensor.h\"\n"
        include/longtake/tensor.h "#include <vector>\n"
  LINKS "layers:graph graph:base")
expect("a forbidden module is named with file, line and what is allowed"
  FAILS_WITH "src/graph/a.h:3: graph may not include runtime. it may use base, graph"
  FILES src/graph/a.h "// A comment first.\n#include \"base/files.h\"\n#include \"runtime/program.h\"\n")
expect("training and runtime do not meet" FAILS_WITH "src/runtime/a.cc:1: runtime may not include training"
  FILES src/runtime/a.cc "#include \"training/weights.h\"\n")
expect("folders below a module are looked into" FAILS_WITH "src/runtime/kernels/a.cc:1: runtime may not include media"
  FILES src/runtime/kernels/a.cc "#  include \"media/input.h\"\n")
expect("a public header counts as its module's" FAILS_WITH "may not include longtake/video_reader.h, which is of media"
  FILES src/graph/a.cc "#include \"longtake/video_reader.h\"\n")
expect("a public header stays free of internals" FAILS_WITH "include/longtake/state.h:1: a public header may not include"
  FILES include/longtake/state.h "#include \"graph/plan.h\"\n")
expect("a public header stays free of third parties" FAILS_WITH "a public header may not include <fmt/format.h>"
  FILES include/longtake/tensor.h "#include <fmt/format.h>\n")
expect("a new public header must be given to a module" FAILS_WITH "include/longtake/novel.h: belongs to no module"
  FILES include/longtake/novel.h "#include <vector>\n")
expect("LibTorch stays in training" FAILS_WITH "tasks may not include <torch/torch.h>. that is wrapped by training"
  FILES src/tasks/a.cc "#include <torch/torch.h>\n")
expect("a folder that is no module is told" FAILS_WITH "src/utils: is no module"
  FILES src/utils/a.cc "#include <vector>\n")
expect("paths start at the root" FAILS_WITH "must be written from src/"
  FILES src/base/a.cc "#include \"files.h\"\n")
expect("links are held to the table too" FAILS_WITH "base may not link graph" FILES src/base/a.cc "\n" LINKS "base:graph")
