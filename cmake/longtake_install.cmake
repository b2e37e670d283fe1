# What `cmake --install` puts in place: the programs, the public headers, the static libraries behind them, and what
# find_package(longtake) and pkg-config need. tests/consumer/ uses it as a stranger would.
#
# Component runtime: models, sessions, states (target longtake::runtime, longtake.pc).
# Component media: reading video (target longtake::media, longtake-media.pc), where it is built.

include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/longtake)

install(TARGETS longtake_base longtake_kernels longtake_graph longtake_runtime EXPORT longtake_runtime)
install(EXPORT longtake_runtime NAMESPACE longtake:: FILE longtakeRuntime.cmake DESTINATION ${package_folder})
if(LONGTAKE_MEDIA)
  install(TARGETS longtake_media EXPORT longtake_media)
  install(EXPORT longtake_media NAMESPACE longtake:: FILE longtakeMedia.cmake DESTINATION ${package_folder})
endif()

install(DIRECTORY include/longtake DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
foreach(program longtake longtake-train)
  if(TARGET ${program})
    install(TARGETS ${program})
  endif()
endforeach()
install(DIRECTORY recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/longtake)
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(cmake/longtakeConfig.cmake.in longtakeConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(longtakeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/longtakeConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/longtakeConfigVersion.cmake
        DESTINATION ${package_folder})

# The .pc files find the prefix from where they lie, so that an installation can be moved.
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
set(pkgconfig_files longtake)
if(LONGTAKE_MEDIA)
  list(APPEND pkgconfig_files longtake-media)
endif()
foreach(name IN LISTS pkgconfig_files)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
