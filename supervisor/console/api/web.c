/* The parts of the console put together, and what every reply carries. */
#include "supervisor/console/api/web.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/console/api/internal.h"

/* Nothing but our own files; Pico has its icons in data: URLs. */
#define POLICY_PAGE                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define POLICY_DATA "default-src 'none'; frame-ancestors 'none'; sandbox"

static void
add_headers(struct call *call, bool data)
{
    call_header_add(call, "Content-Security-Policy", data ? POLICY_DATA : POLICY_PAGE);
    call_header_add(call, "X-Content-Type-Options", "nosniff");
    call_header_add(call, "Referrer-Policy", "no-referrer");
    call_header_add(call, "Cross-Origin-Opener-Policy", "same-origin");
    call_header_add(call, "Cross-Origin-Resource-Policy", "same-origin");
    if (data)
        call_header_add(call, "Cache-Control", "no-store");
}

/* The path below base_path; false if it is not below. */
static bool
take_base_off(const struct settings *settings, struct call *call)
{
    size_t length = strlen(settings->base_path);

    if (strncmp(call->path, settings->base_path, length) || call->path[length] != '/')
        return false;
    memmove(call->path, call->path + length, strlen(call->path + length) + 1);
    return true;
}

void
web_handle(struct call *call, void *arg)
{
    struct web *web = arg;
    bool below = take_base_off(web->settings, call);
    bool data = !below || strncmp(call->path, "/api/", 5) == 0;

    add_headers(call, data);
    if (!below)
        call_problem(call, 404, "not_found", NULL, "no such path");
    else if (data)
        routes_dispatch(web, call);
    else
        assets_send(web->assets, call);
}

static char *
beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    return mem_format("%.*s/%s", (int)(slash - path), path, name);
}

struct web *
web_open(struct event_base *base, const struct settings *settings, int hasher_fd,
         void (*on_gone)(void *arg), void *arg, struct err *err)
{
    struct assets *assets = assets_load(settings->web_dir, err);
    struct web *web;
    char *sessions, *known;

    if (!assets)
        return NULL;
    web = mem_alloc(sizeof *web);
    sessions = beside(settings->accounts_file, "sessions.json");
    known = beside(settings->accounts_file, "daemons.json");
    *web = (struct web){.base = base, .settings = settings, .assets = assets};
    web->people = people_open(settings->accounts_file);
    web->sessions = sessions_open(sessions, settings->idle_ms, settings->absolute_ms);
    web->backoff = backoff_new();
    web->hasher = hasher_new(base, hasher_fd, on_gone, arg);
    web->readers = readers_new(web);
    web->daemons = daemons_open(base, settings, known, readers_tell, web->readers);
    free(known);
    free(sessions);
    return web;
}

void
web_close(struct web *web)
{
    daemons_close(web->daemons);
    readers_free(web->readers);
    hasher_free(web->hasher);
    backoff_free(web->backoff);
    sessions_close(web->sessions);
    people_close(web->people);
    assets_free(web->assets);
    free(web);
}
