# pumpline.spdx.json, an SPDX 2.3 list of what the programs link and what the console's pages carry, with the versions of this
# build. The programs' part is the table below; the pages' part is the lock file of npm. test/e2e/test_spdx.py holds the list to
# the programs.

# NAME|LICENCE|RELATIONSHIP|VERSION. What is loaded at run time is RUNTIME_DEPENDENCY_OF: its version may be another one there.
file(STRINGS ${LLHTTP_INCLUDE}/llhttp/llhttp.h NUMBERS REGEX "define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" NUMBERS "${NUMBERS}")
list(JOIN NUMBERS "." LLHTTP_VERSION)
execute_process(COMMAND getconf GNU_LIBC_VERSION OUTPUT_VARIABLE GLIBC OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX REPLACE ".* " "" GLIBC "${GLIBC}")
set(SPDX_LINKED
    "glibc|LGPL-2.1-or-later|DYNAMIC_LINK|${GLIBC}"
    "libevent_core|BSD-3-Clause|DYNAMIC_LINK|${EVENT_VERSION}"
    "libevent_extra|BSD-3-Clause|DYNAMIC_LINK|${EVENT_DNS_VERSION}"
    "jansson|MIT|DYNAMIC_LINK|${JANSSON_VERSION}"
    "libcurl|curl|DYNAMIC_LINK|${CURL_VERSION}"
    "lmdb|OLDAP-2.8|DYNAMIC_LINK|${LMDB_VERSION}"
    "libseccomp|LGPL-2.1-only|DYNAMIC_LINK|${SECCOMP_VERSION}"
    "libsodium|ISC|DYNAMIC_LINK|${SODIUM_VERSION}"
    "libutf8proc|MIT AND Unicode-DFS-2015|DYNAMIC_LINK|${UTF8PROC_VERSION}"
    "libxml2|MIT|RUNTIME_DEPENDENCY_OF|${XML_VERSION}"
    "llhttp|MIT|STATIC_LINK|${LLHTTP_VERSION}")
# npm's lock file cannot know it: the bundle of htm that build.sh copies has Preact inside. NAME|LICENCE|IN
set(SPDX_BUNDLED "preact|MIT|htm")

set(SPDX_PACKAGES "")
set(SPDX_RELATIONS "")

# spdx_package NAME LICENCE VERSION PURL: VERSION and PURL may be empty.
function(spdx_package NAME LICENCE VERSION PURL)
  string(REGEX REPLACE "[^A-Za-z0-9.]+" "-" ID "${NAME}")
  string(REGEX REPLACE "^-" "" ID "${ID}")
  set(ROW "{\"SPDXID\": \"SPDXRef-${ID}\", \"name\": \"${NAME}\"")
  if(VERSION)
    string(APPEND ROW ", \"versionInfo\": \"${VERSION}\"")
  endif()
  string(APPEND ROW ", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"licenseConcluded\": \"NOASSERTION\""
         ", \"licenseDeclared\": \"${LICENCE}\", \"copyrightText\": \"NOASSERTION\"")
  if(PURL)
    string(APPEND ROW ", \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\""
           ", \"referenceLocator\": \"${PURL}\"}]")
  endif()
  set(SPDX_PACKAGES "${SPDX_PACKAGES},\n    ${ROW}}" PARENT_SCOPE)
  set(SPDX_ID "SPDXRef-${ID}" PARENT_SCOPE)
endfunction()

function(spdx_relation FROM KIND TO)
  set(SPDX_RELATIONS "${SPDX_RELATIONS},\n    {\"spdxElementId\": \"${FROM}\", \"relationshipType\": \"${KIND}\"\
, \"relatedSpdxElement\": \"${TO}\"}" PARENT_SCOPE)
endfunction()

spdx_package(pumpline MIT ${PROJECT_VERSION} "")
spdx_relation(SPDXRef-DOCUMENT DESCRIBES SPDXRef-pumpline)
foreach(ROW ${SPDX_LINKED})
  string(REPLACE "|" ";" ROW "${ROW}")
  list(GET ROW 0 NAME)
  list(GET ROW 1 LICENCE)
  list(GET ROW 2 KIND)
  list(GET ROW 3 VERSION)
  spdx_package(${NAME} ${LICENCE} ${VERSION} "")
  if(KIND MATCHES "_OF$")
    spdx_relation(${SPDX_ID} ${KIND} SPDXRef-pumpline)
  else()
    spdx_relation(SPDXRef-pumpline ${KIND} ${SPDX_ID})
  endif()
endforeach()

spdx_package(pumpline-console-pages MIT ${PROJECT_VERSION} "")
spdx_relation(SPDXRef-pumpline CONTAINS SPDXRef-pumpline-console-pages)
set(LOCK ${CMAKE_SOURCE_DIR}/supervisor/console/web/package-lock.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LOCK})
file(READ ${LOCK} LOCK)
string(JSON COUNT LENGTH "${LOCK}" packages)
math(EXPR LAST "${COUNT} - 1")
foreach(INDEX RANGE ${LAST})
  string(JSON PLACE MEMBER "${LOCK}" packages ${INDEX})
  string(JSON FOR_TESTS ERROR_VARIABLE ABSENT GET "${LOCK}" packages "${PLACE}" dev)
  if(NOT PLACE MATCHES "node_modules/" OR FOR_TESTS STREQUAL ON)
    continue()
  endif()
  string(REGEX REPLACE "^.*node_modules/" "" NAME "${PLACE}")
  string(REPLACE "@" "%40" PURL "${NAME}")
  string(JSON VERSION GET "${LOCK}" packages "${PLACE}" version)
  string(JSON LICENCE GET "${LOCK}" packages "${PLACE}" license)
  spdx_package(${NAME} ${LICENCE} ${VERSION} "pkg:npm/${PURL}@${VERSION}")
  spdx_relation(SPDXRef-pumpline-console-pages CONTAINS ${SPDX_ID})
endforeach()
foreach(ROW ${SPDX_BUNDLED})
  string(REPLACE "|" ";" ROW "${ROW}")
  list(GET ROW 0 NAME)
  list(GET ROW 1 LICENCE)
  list(GET ROW 2 OUTER)
  spdx_package(${NAME} ${LICENCE} "" "pkg:npm/${NAME}")
  spdx_relation(SPDXRef-${OUTER} CONTAINS ${SPDX_ID})
endforeach()

# The same sources and libraries give the same bytes: its date is the release's, or SOURCE_DATE_EPOCH. Another list has another name.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP CREATED "%Y-%m-%dT%H:%M:%SZ" UTC)
else()
  file(STRINGS conf/package/changelog.in RELEASED REGEX "^ -- ")
  string(REGEX REPLACE "^.*>  " "" RELEASED "${RELEASED}")
  execute_process(COMMAND date -u -d "${RELEASED}" +%Y-%m-%dT%H:%M:%SZ OUTPUT_VARIABLE CREATED OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
string(SHA256 CONTENT "${SPDX_PACKAGES}${SPDX_RELATIONS}")
string(SUBSTRING "${CONTENT}" 0 16 CONTENT)
string(SUBSTRING "${SPDX_PACKAGES}" 1 -1 SPDX_PACKAGES)
string(SUBSTRING "${SPDX_RELATIONS}" 1 -1 SPDX_RELATIONS)
file(CONFIGURE OUTPUT pumpline.spdx.json @ONLY CONTENT [[
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "pumpline-@PROJECT_VERSION@",
  "documentNamespace": "urn:pumpline:spdx:@PROJECT_VERSION@:@CONTENT@",
  "creationInfo": {"created": "@CREATED@", "creators": ["Tool: pumpline-@PROJECT_VERSION@"]},
  "packages": [@SPDX_PACKAGES@
  ],
  "relationships": [@SPDX_RELATIONS@
  ]
}
]])
