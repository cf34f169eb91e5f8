# Debian packages: `cpack -G DEB` in the build folder makes pumpline_VERSION_ARCH.deb and, if the console's pages were built,
# pumpline-console_VERSION_ARCH.deb. The same source and compiler give the same bytes, whenever and wherever.
set(PACKAGE_FOLDER ${CMAKE_CURRENT_LIST_DIR})
file(STRINGS worker/store/store.h STORE_FORMAT REGEX "^#define STORE_FORMAT [0-9]+")
string(REGEX MATCH "[0-9]+" STORE_FORMAT "${STORE_FORMAT}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS worker/store/store.h)
configure_file(${PACKAGE_FOLDER}/changelog.in package/changelog @ONLY)
configure_file(${PACKAGE_FOLDER}/pumpline/preinst.in package/preinst @ONLY)

set(CPACK_GENERATOR DEB)
set(CPACK_PROJECT_CONFIG_FILE ${PACKAGE_FOLDER}/cpack.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PACKAGE_FOLDER}/stage.cmake)
set(CPACK_COMPONENTS_ALL pumpline console)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)

set(CPACK_PACKAGE_CONTACT "The Pumpline authors <pumpline@pumpline.invalid>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SOURCE pumpline)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)

set(CPACK_DEBIAN_PUMPLINE_PACKAGE_NAME pumpline)
# A worker loads libcurl and libxml2 when it first needs them, so dpkg-shlibdeps does not see them.
set(CPACK_DEBIAN_PUMPLINE_PACKAGE_DEPENDS "systemd, libcurl4, libxml2, ca-certificates")
set(CPACK_DEBIAN_PUMPLINE_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_PUMPLINE_PACKAGE_SUGGESTS "pumpline-console, chromium, chromium-driver")
set(CPACK_DEBIAN_PUMPLINE_DESCRIPTION "pumped orders become lines in a workshop's ERP, exactly once
Takes the orders of workshops that pump oil into cars at one HTTP port for
each workshop, keeps them on disk, and creates the order line in the
workshop's own ERP system, exactly once, whatever dies in between.
.
A supervisor runs one confined process for each workshop. ERP systems are
reached by their API or, with Chromium, by their web pages.")
set(CPACK_DEBIAN_PUMPLINE_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/package/preinst ${PACKAGE_FOLDER}/pumpline/postinst
    ${PACKAGE_FOLDER}/pumpline/prerm ${PACKAGE_FOLDER}/pumpline/postrm ${PACKAGE_FOLDER}/pumpline/conffiles)

set(CPACK_DEBIAN_CONSOLE_PACKAGE_NAME pumpline-console)
set(CPACK_COMPONENT_CONSOLE_DEPENDS pumpline)
set(CPACK_DEBIAN_CONSOLE_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_CONSOLE_PACKAGE_SUGGESTS "nginx | caddy")
set(CPACK_DEBIAN_CONSOLE_DESCRIPTION "web console of Pumpline
A web page for the managers and operators of workshops that use Pumpline: what
needs attention, corrected and retried in place; workshops, live;
configuration, report and audit; in five languages.
.
It listens on loopback; nginx or caddy adds TLS.")
set(CPACK_DEBIAN_CONSOLE_PACKAGE_CONTROL_EXTRA ${PACKAGE_FOLDER}/pumpline-console/postinst
    ${PACKAGE_FOLDER}/pumpline-console/prerm ${PACKAGE_FOLDER}/pumpline-console/postrm
    ${PACKAGE_FOLDER}/pumpline-console/conffiles)
include(CPack)
