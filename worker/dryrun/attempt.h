/* One attempt in slow motion: each step is printed and photographed. */
#ifndef WORKER_DRYRUN_ATTEMPT_H
#define WORKER_DRYRUN_ATTEMPT_H

#include <event2/event.h>

#include "erp-drivers/driver.h"
#include "worker/io/http.h"
#include "worker/proxy/proxy.h"

struct dryrun_attempt {
    struct event_base *base;
    struct http *http;
    struct proxy *proxy;
    const struct erp_driver *driver;
    void *session;
    const char *workshop;
    const char *title; /* of the run's page */
    const struct order *order;
    const struct credentials *auth;
    const char *until; /* "create", "commit" or "end" */
    int folder;        /* for screenshots */
    const char *folder_path;
    const char *url;       /* of the ERP */
    const json_t *options; /* of the recipe; may be NULL */
    int terminal;          /* the browser is closed when Enter is pressed there; -1: at once */
};

/* The attempt, and then closing the browser, also after a signal. 0: it came as far as requested;
 * 1. */
int dryrun_attempt(const struct dryrun_attempt *setup);

#endif
