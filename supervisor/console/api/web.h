/* What a browser may ask the console: its own files, and /api/…. */
#ifndef SUPERVISOR_CONSOLE_API_WEB_H
#define SUPERVISOR_CONSOLE_API_WEB_H

#include <event2/event.h>

#include "common/base/err.h"
#include "common/http/call.h"
#include "supervisor/console/settings.h"

struct web;

/* hasher_fd: from hasher_start. Takes it over; settings is borrowed. on_gone: the console must
 * end. NULL with *err. */
struct web *web_open(struct event_base *base, const struct settings *settings, int hasher_fd,
                     void (*on_gone)(void *arg), void *arg, struct err *err);
void web_close(struct web *web);

/* The handler of the HTTP server; arg is the web. */
void web_handle(struct call *call, void *arg);

#endif
