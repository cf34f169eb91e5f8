# Paths for Debian, with --prefix /usr; systemd also reads /usr/local/lib. The configuration is always in /etc/pumpline, and
# existing files there are kept.
include(GNUInstallDirs)

install(TARGETS pumplined RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pumplinectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# must match spawn_worker_path(); the same on every architecture
install(TARGETS pumpline-worker pumpline-webdriver RUNTIME DESTINATION lib/pumpline)

# The units contain the programs' path, which depends on the prefix of the installation.
install(CODE "set(PUMPLINE_SBIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
set(PUMPLINE_LIBEXEC \"\${CMAKE_INSTALL_PREFIX}/lib/pumpline\")
foreach(unit pumplined.service pumpline-key.service pumpline-webdriver@.service)
  configure_file(${CMAKE_SOURCE_DIR}/conf/\${unit}.in ${CMAKE_BINARY_DIR}/\${unit} @ONLY)
endforeach()")
install(FILES ${CMAKE_BINARY_DIR}/pumplined.service ${CMAKE_BINARY_DIR}/pumpline-key.service
        ${CMAKE_BINARY_DIR}/pumpline-webdriver@.service DESTINATION lib/systemd/system)
# Browsers shared by workshops, used through webdriver_url; not enabled by default.
install(FILES conf/pumpline-chromedriver.service DESTINATION lib/systemd/system)
install(FILES conf/pumpline.sysusers DESTINATION lib/sysusers.d RENAME pumpline.conf)
install(FILES conf/pumpline.tmpfiles DESTINATION lib/tmpfiles.d RENAME pumpline.conf)

install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES conf/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME configuration.md)
install(FILES conf/pumpline.json conf/workshops.d/bennys-auto.json.example DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/pumpline/pumpline.json\")
  file(INSTALL DESTINATION /etc/pumpline TYPE FILE FILES ${CMAKE_SOURCE_DIR}/conf/pumpline.json)
endif()")

install(DIRECTORY erp-drivers/recipes/ DESTINATION share/pumpline/recipes)
install(FILES ${CMAKE_BINARY_DIR}/recipe.schema.json DESTINATION share/pumpline/recipes)
install(FILES ${CMAKE_BINARY_DIR}/pumpline.schema.json ${CMAKE_BINARY_DIR}/workshop.schema.json
        DESTINATION share/pumpline)
install(FILES conf/man/pumplinectl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES conf/man/pumpline.json.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES conf/man/pumplined.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES conf/completion/pumplinectl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME pumplinectl)
# The other shells' run bash's, whose path they name.
install(CODE "set(PUMPLINE_COMPLETION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/bash-completion/completions/pumplinectl\")
foreach(shell zsh fish)
  configure_file(${CMAKE_SOURCE_DIR}/conf/completion/pumplinectl.\${shell}.in ${CMAKE_BINARY_DIR}/pumplinectl.\${shell} @ONLY)
endforeach()")
install(FILES ${CMAKE_BINARY_DIR}/pumplinectl.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
        RENAME _pumplinectl)
install(FILES ${CMAKE_BINARY_DIR}/pumplinectl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Edited by the operator, perhaps; ours is in the examples.
install(FILES conf/pumpline.logrotate DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/logrotate.d/pumpline\")
  file(INSTALL DESTINATION /etc/logrotate.d TYPE FILE RENAME pumpline FILES ${CMAKE_SOURCE_DIR}/conf/pumpline.logrotate)
endif()")
