# Read by cpack before it starts.
list(GET CPACK_BUILD_SOURCE_DIRS 1 BUILD)
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND dpkg-parsechangelog -l ${BUILD}/package/changelog -S Timestamp OUTPUT_VARIABLE TIMESTAMP
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(ENV{SOURCE_DATE_EPOCH} ${TIMESTAMP})
endif()
if(NOT EXISTS ${BUILD}/console-web/index.html)
  message("The console's pages were not built (PUMPLINE_CONSOLE): there is no package pumpline-console")
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL console)
endif()
