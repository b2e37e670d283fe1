# Installs a build into a fresh folder and uses it as a stranger would: by find_package and by pkg-config.
#
#   cmake -D BUILD=<build folder> -D WORK=<empty folder> -D COMPILER=<c++> -D MEDIA=<ON|OFF> -P tests/consumer/check.cmake
cmake_minimum_required(VERSION 3.25)
set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\ngave ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

set(users runtime)
if(MEDIA)
  list(APPEND users media)
endif()

# find_package
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -D CMAKE_PREFIX_PATH=${prefix}
    -D CMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${WORK}/build)
foreach(user IN LISTS users)
  run(${WORK}/build/${user}_user)
  message("find_package, ${user}: ${output}")
endforeach()

# pkg-config
file(GLOB_RECURSE package ${prefix}/longtake.pc)
get_filename_component(folder ${package} DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${folder})
set(package_of_runtime longtake)
set(package_of_media longtake-media)
foreach(user IN LISTS users)
  run(pkg-config --cflags --libs ${package_of_${user}})
  separate_arguments(flags UNIX_COMMAND "${output}")
  run(${COMPILER} ${CMAKE_CURRENT_LIST_DIR}/${user}_user.cc -o ${WORK}/${user}_user ${flags})
  run(${WORK}/${user}_user)
  message("pkg-config, ${user}: ${output}")
endforeach()

# The programs start from where they are installed.
file(GLOB programs ${prefix}/bin/*)
foreach(program IN LISTS programs)
  run(${program} --help)
  message("${program} --help: works")
endforeach()
file(REMOVE_RECURSE ${WORK})
