/* A dry run for the control socket: one attempt at an order, up to the request that would create
 * its line, which is never sent. It runs on the loop, beside nothing else (worker/trial.h).
 *
 * Each step of a page recipe has a picture of the page as it left it; each request to an API has
 * its exchange. No password is in either. */
#ifndef WORKER_DRYRUN_REMOTE_RUN_H
#define WORKER_DRYRUN_REMOTE_RUN_H

#include <event2/event.h>

#include "erp-drivers/driver.h"
#include "worker/io/http.h"
#include "worker/proxy/proxy.h"

struct remote_run;

/* All of it is borrowed. */
struct remote_run_setup {
    struct event_base *base;
    struct http *http;
    struct proxy *proxy; /* NULL: the ERP needs no browser */
    const struct erp_driver *driver;
    void *session;
    const char *workshop; /* its name */
    const char *url;      /* of the ERP */
    const struct order *order;
    const struct credentials *auth; /* NULL: none */
    void (*done)(void *arg);        /* once, from the loop; the result is there */
    void *arg;
};

struct remote_run *remote_run_start(const struct remote_run_setup *setup);

/* Breaks it off, if it is not over: no reply within that time. */
void remote_run_stop(struct remote_run *run, unsigned patience_s);

/* {"ok": it came as far as the line, "end": "before_commit" | "found" (the ERP has the line
 * already) | "failed", "steps": [{"what", "ok", "ms", "reason_code", "text", "request" and "reply",
 * or "picture": a PNG in base64}]}. The caller owns it. */
json_t *remote_run_result(const struct remote_run *run);

void remote_run_free(struct remote_run *run);

#endif
