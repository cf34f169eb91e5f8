/* What one workshop's process may reach, by its configuration: the one place that says so. */
#ifndef WORKER_ALLOWLIST_H
#define WORKER_ALLOWLIST_H

#include <jansson.h>

#include "worker/proxy/proxy.h"
#include "worker/sandbox/pinned_path.h"
#include "worker/sandbox/sandbox.h"

/* What must be opened or read by who the process was: its own user may not get there. NULL: the
 * configuration names none. */
struct allowlist {
    struct pinned_path *folder; /* of the file driver */
    int folder_lock;            /* -1: none */
    struct pinned_path *ca_file;
    char *ca;      /* its content; see ca_file_read */
    int proxy_fd;  /* that the browser connects to; -1: none, or proxy_new has it */
    int driver_fd; /* that the workshop's own WebDriver server connects to; -1: none, or it is
                      own_driver_new's */
    char proxy_address[PROXY_ADDRESS_BYTES];
    struct host_pattern *hosts; /* that its pages may reach */
    size_t host_count;
};

/* Nothing is open yet. */
#define ALLOWLIST_NOTHING                                                                          \
    (struct allowlist)                                                                             \
    {                                                                                              \
        .folder_lock = -1, .proxy_fd = -1, .driver_fd = -1                                         \
    }

/* The proxy for a browser, or NULL where the ERP needs none. */
struct proxy *allowlist_proxy(struct allowlist *allowlist, struct event_base *base);

/* Adds to setup what of it is not read at once: the paths and ports that the ERP system of the
 * slice's document (see config_slice) needs, and opens what has to be; setup borrows from both. -1
 * with *err, code "config", or "in_use" for a folder that another process delivers into. */
int allowlist_erp(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                  struct err *err) __attribute__((warn_unused_result));

/* Once the process is in the sandbox: whether it is let in where it must be; only a warning. */
void allowlist_check(const struct allowlist *allowlist);

/* The first of these paths that leads to another file or folder now, or NULL: then only a new
 * process may reach it. May wait for a share that is slow to answer. */
const char *allowlist_outdated(const struct allowlist *allowlist);

void allowlist_close(struct allowlist *allowlist);

#endif
