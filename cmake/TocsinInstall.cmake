# Install and export: libraries tocsin::core ... tocsin::lab, headers with their paths, the command, and a package file, so that
# another project needs find_package(tocsin) and target_link_libraries(... tocsin::defense) alone.
include(CMakePackageConfigHelpers)

get_property(tocsin_rooms GLOBAL PROPERTY TOCSIN_ROOMS)
install(TARGETS ${tocsin_rooms} EXPORT tocsinTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/tocsin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.inc" PATTERN onednn.h EXCLUDE PATTERN convolution.h EXCLUDE PATTERN convolution_passes.h EXCLUDE)
if(TARGET tocsin)
  install(TARGETS tocsin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/experiments DESTINATION ${CMAKE_INSTALL_DATADIR}/tocsin FILES_MATCHING PATTERN "*.toml")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/data DESTINATION ${CMAKE_INSTALL_DATADIR}/tocsin)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(tocsin_package ${CMAKE_INSTALL_LIBDIR}/cmake/tocsin)
install(EXPORT tocsinTargets NAMESPACE tocsin:: DESTINATION ${tocsin_package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tocsinConfig.cmake.in ${PROJECT_BINARY_DIR}/tocsinConfig.cmake
  INSTALL_DESTINATION ${tocsin_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tocsinConfig.cmake ${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake DESTINATION ${tocsin_package})
