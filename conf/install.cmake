# Paths for Debian, with --prefix /usr; systemd also reads /usr/local/lib. The configuration is always in /etc/pumpline, and
# existing files there are kept.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME pumpline) # COMPONENT console: what the package pumpline-console has

install(TARGETS pumplined RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pumplinectl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# must match spawn_worker_path(); the same on every architecture
install(TARGETS pumpline-worker pumpline-webdriver RUNTIME DESTINATION lib/pumpline)
install(TARGETS pumpline-console RUNTIME DESTINATION lib/pumpline COMPONENT console)

# The units contain the programs' path, which depends on the prefix of the installation.
install(CODE "set(PUMPLINE_SBIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
set(PUMPLINE_BIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
set(PUMPLINE_LIBEXEC \"\${CMAKE_INSTALL_PREFIX}/lib/pumpline\")
foreach(unit pumplined.service pumpline-key.service pumpline-webdriver@.service pumpline-console.service
        pumpline-backup.service)
  configure_file(\"${CMAKE_SOURCE_DIR}/conf/\${unit}.in\" \"${CMAKE_BINARY_DIR}/\${unit}\" @ONLY)
endforeach()" ALL_COMPONENTS)
install(FILES ${CMAKE_BINARY_DIR}/pumplined.service ${CMAKE_BINARY_DIR}/pumpline-key.service
        ${CMAKE_BINARY_DIR}/pumpline-webdriver@.service ${CMAKE_BINARY_DIR}/pumpline-backup.service
        conf/pumpline-backup.timer DESTINATION lib/systemd/system)
install(FILES ${CMAKE_BINARY_DIR}/pumpline-console.service DESTINATION lib/systemd/system COMPONENT console)
# Browsers shared by workshops, used through webdriver_url; not enabled by default.
install(FILES conf/pumpline-chromedriver.service DESTINATION lib/systemd/system)
install(FILES conf/pumpline.sysusers DESTINATION lib/sysusers.d RENAME pumpline.conf)
install(FILES conf/pumpline.tmpfiles DESTINATION lib/tmpfiles.d RENAME pumpline.conf)
install(FILES conf/pumpline-console.sysusers DESTINATION lib/sysusers.d RENAME pumpline-console.conf COMPONENT console)
install(FILES conf/pumpline-console.tmpfiles DESTINATION lib/tmpfiles.d RENAME pumpline-console.conf COMPONENT console)

install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_BINARY_DIR}/pumpline.spdx.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES conf/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME configuration.md)
install(FILES conf/pumpline.json conf/workshops.d/bennys-auto.json.example DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/pumpline/pumpline.json\")
  file(INSTALL DESTINATION /etc/pumpline TYPE FILE FILES \"${CMAKE_SOURCE_DIR}/conf/pumpline.json\")
endif()")

# The console's pages are there if PUMPLINE_CONSOLE was on; the program can serve without them.
install(DIRECTORY ${CMAKE_BINARY_DIR}/console-web/ DESTINATION share/pumpline/console COMPONENT console OPTIONAL)
install(FILES conf/nginx-console.conf conf/Caddyfile-console conf/console.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        COMPONENT console)
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/pumpline-console/console.json\")
  file(INSTALL DESTINATION /etc/pumpline-console TYPE FILE FILES \"${CMAKE_SOURCE_DIR}/conf/console.json\")
endif()" COMPONENT console)

install(DIRECTORY erp-drivers/recipes/ DESTINATION share/pumpline/recipes)
install(FILES ${CMAKE_BINARY_DIR}/recipe.schema.json DESTINATION share/pumpline/recipes)
install(FILES ${CMAKE_BINARY_DIR}/pumpline.schema.json ${CMAKE_BINARY_DIR}/workshop.schema.json
        DESTINATION share/pumpline)
# Examples for the operator, and what brings the metrics to a node exporter.
install(FILES conf/prometheus/pumpline.rules.yml conf/prometheus/prometheus.yml conf/prometheus/alertmanager.yml
        DESTINATION share/pumpline/prometheus)
install(PROGRAMS conf/prometheus/pumpline-metrics DESTINATION share/pumpline/prometheus)
install(FILES conf/prometheus/pumpline-metrics.service conf/prometheus/pumpline-metrics.timer
        DESTINATION share/pumpline/prometheus)
install(FILES conf/grafana/pumpline.json DESTINATION share/pumpline/grafana)
install(DIRECTORY conf/openapi DESTINATION share/pumpline FILES_MATCHING PATTERN *.yaml)
install(FILES ${CMAKE_BINARY_DIR}/api.html DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_BINARY_DIR}/pumpline-api.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
install(FILES conf/kubernetes/bennys-auto.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/kubernetes)
install(FILES conf/clients/pumpline_client.py DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES conf/clients/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME clients.md)
install(FILES conf/man/pumplinectl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES conf/man/pumpline.json.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES conf/man/pumplined.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES conf/man/pumpline-console.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT console)
install(FILES conf/completion/pumplinectl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME pumplinectl)
# The other shells' run bash's, whose path they name.
install(CODE "set(PUMPLINE_COMPLETION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/bash-completion/completions/pumplinectl\")
foreach(shell zsh fish)
  configure_file(\"${CMAKE_SOURCE_DIR}/conf/completion/pumplinectl.\${shell}.in\" \"${CMAKE_BINARY_DIR}/pumplinectl.\${shell}\" @ONLY)
endforeach()")
install(FILES ${CMAKE_BINARY_DIR}/pumplinectl.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
        RENAME _pumplinectl)
install(FILES ${CMAKE_BINARY_DIR}/pumplinectl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Into /etc/logcheck/ignore.d.server and /etc/rsyslog.d, by the operator.
install(FILES conf/logcheck/pumpline DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/logcheck)
install(FILES conf/rsyslog/pumpline.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/rsyslog)
# Edited by the operator, perhaps; ours is in the examples.
install(FILES conf/pumpline.logrotate DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/logrotate.d/pumpline\")
  file(INSTALL DESTINATION /etc/logrotate.d TYPE FILE RENAME pumpline FILES \"${CMAKE_SOURCE_DIR}/conf/pumpline.logrotate\")
endif()")

include(conf/package/package.cmake)
