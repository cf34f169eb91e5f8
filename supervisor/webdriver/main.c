/* pumpline-webdriver: what conf/pumpline-webdriver@.service runs. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "supervisor/webdriver/bridge.h"

static const char usage[] =
    "usage: pumpline-webdriver SOCKET COMMAND [ARGUMENT…] | --version\n"
    "\n"
    "Runs COMMAND, a WebDriver server on 127.0.0.1:9514, for the workshop whose worker listens on "
    "SOCKET,\n"
    "until it exits. systemd starts it as pumpline-webdriver@SLUG, in its own network namespace.\n";

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("pumpline-webdriver " PUMPLINE_VERSION);
        return EX_OK;
    }
    if (argc < 3) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    descriptors_standard();
    log_open("pumpline-webdriver");
    return bridge_run(argv[1], argv + 2);
}
