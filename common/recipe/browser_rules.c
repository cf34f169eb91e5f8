/* Refuses arguments by prefix. */
#include "common/recipe/browser_rules.h"

#include <stddef.h>
#include <string.h>

static const char *const refused[] = {"--proxy-",
                                      "--no-proxy-server",
                                      "--winhttp-proxy",
                                      "--host-rules",
                                      "--host-resolver-rules",
                                      "--enable-quic",
                                      "--origin-to-force-quic-on",
                                      "--enable-http2",
                                      "-profile",
                                      "--profile",
                                      "-P"};

const char *
browser_argument_fault(const char *argument)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strncmp(argument, refused[i], strlen(refused[i])) == 0)
            return "is not allowed: the browser must reach the ERP through Pumpline's proxy only";
    return NULL;
}
