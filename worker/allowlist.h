/* What one workshop's process may access, derived from its configuration, and only here. */
#ifndef WORKER_ALLOWLIST_H
#define WORKER_ALLOWLIST_H

#include <jansson.h>

#include "common/sandbox/pinned_path.h"
#include "common/sandbox/sandbox.h"
#include "worker/proxy/proxy.h"

/* Opened or read before the user changes: its own user may have no access. NULL: not configured. */
struct allowlist {
    struct pinned_path *folder; /* of the file driver */
    bool folder_offered;        /* of a test: the process that delivers gives it to its user */
    int folder_lock;            /* -1: none */
    struct pinned_path *ca_file;
    char *ca;      /* its content; see ca_file_read */
    int proxy_fd;  /* that the browser connects to; -1: none, or taken over by proxy_new */
    int driver_fd; /* that the workshop's own WebDriver server connects to; -1: none, or taken over
                      by own_driver_new */
    char proxy_address[PROXY_ADDRESS_BYTES];
    struct host_pattern *hosts; /* that its pages may connect to */
    size_t host_count;
    struct host_pattern *servers; /* that its driver's requests may go to */
    size_t server_count;
};

/* Nothing is open initially. */
#define ALLOWLIST_NOTHING                                                                          \
    (struct allowlist)                                                                             \
    {                                                                                              \
        .folder_lock = -1, .proxy_fd = -1, .driver_fd = -1                                         \
    }

/* The proxy for a browser, or NULL if the ERP needs none. */
struct proxy *allowlist_proxy(struct allowlist *allowlist, struct event_base *base);

/* Adds to setup what is opened later: the paths and ports that the ERP system of the slice's
 * document (see config_slice) needs; opens the rest now. setup borrows from both. -1 with *err,
 * code "config", or "in_use" for a folder that another process writes to. */
int allowlist_erp(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                  struct err *err) __attribute__((warn_unused_result));

/* Adds the receiver of the document's callbacks, which the driver does not reach. */
int allowlist_callback(struct sandbox_setup *setup, const json_t *slice, struct err *err)
    __attribute__((warn_unused_result));

/* Once in the sandbox: checks that the process has access where it needs it; only warns. */
void allowlist_check(const struct allowlist *allowlist);

/* Of a test, once in the sandbox: why the process that delivers cannot write to its folder, and
 * what to do. NULL: it can, or has none. */
const char *allowlist_fault(const struct allowlist *allowlist);

/* The first of these paths that now leads to another file or folder, or NULL: then only a new
 * process can access it. May block on a slow share. */
const char *allowlist_outdated(const struct allowlist *allowlist);

void allowlist_close(struct allowlist *allowlist);

#endif
