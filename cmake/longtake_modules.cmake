# The one table of what may use what. tests/check_includes.cmake holds the sources to it, and the links of the targets.

# "module: the modules whose headers it may include". Those may be included that they may include, too.
set(LONGTAKE_MODULES
  "base:"
  "kernels: base"
  "graph: base"
  "layers: graph"
  "models: layers"
  "onnx: layers"
  "runtime: graph kernels"
  "media: base"
  "flow: base"
  "data: media flow"
  "fields: base"
  "metrics: base"
  "tasks: graph data fields metrics"
  "reports: tasks"
  "training: models onnx tasks reports kernels"
  "server: runtime tasks reports"
  "cli: runtime training server")

# "module: its headers in include/longtake/", without the .h
set(LONGTAKE_PUBLIC_HEADERS
  "base: error tensor input_spec frame_transform"
  "graph: chunk prepare state weight_format"
  "runtime: model session"
  "media: video_reader")

# "module: a regular expression": third parties whose headers no other module may include. All of them stay out of
# include/longtake/.
set(LONGTAKE_THIRD_PARTIES
  "training: ^(torch|ATen|c10|caffe2)/"
  "onnx: ^google/protobuf/"
  "media: ^lib(av|sw)[a-z]+/"
  "flow: ^opencv2/"
  "runtime: ^(oneapi/)?dnnl"
  "fields: ^(netcdf|hdf5|gif_lib|png)[.]h$"
  "base: ^toml\\+\\+/"
  "cli: ^CLI/")

# Sets LONGTAKE_MAY_USE_<module> to all that the module may include, itself among them, from LONGTAKE_MODULES, whose
# lines must come lowest module first.
macro(longtake_expand_modules)
  foreach(line IN LISTS LONGTAKE_MODULES)
    string(REGEX MATCH "^([a-z_]+): *(.*)$" matched "${line}")
    set(module ${CMAKE_MATCH_1})
    string(REPLACE " " ";" direct "${CMAKE_MATCH_2}")
    set(LONGTAKE_MAY_USE_${module} ${module})
    foreach(other IN LISTS direct)
      if(NOT DEFINED LONGTAKE_MAY_USE_${other})
        message(FATAL_ERROR "LONGTAKE_MODULES: ${module} names ${other}, which is not above it in the table")
      endif()
      list(APPEND LONGTAKE_MAY_USE_${module} ${LONGTAKE_MAY_USE_${other}})
    endforeach()
    list(REMOVE_DUPLICATES LONGTAKE_MAY_USE_${module})
    list(SORT LONGTAKE_MAY_USE_${module})
  endforeach()
endmacro()
