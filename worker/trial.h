/* A test of the connection: reaches the ERP, logs in and out, in a process of its own that has the
 * workshop's rights and no queue. It changes nothing in the ERP.
 *
 * Its result: {"ok", "steps": [{"what", "ok", "ms", "reason_code", "text"}]}. With "order" in the
 * slice it is a dry run of that order instead, up to its line: worker/dryrun/remote_run.h. */
#ifndef WORKER_TRIAL_H
#define WORKER_TRIAL_H

#include <event2/event.h>
#include <jansson.h>

#include "worker/worker.h"

struct trial;

struct trial_events {
    void (*done)(const json_t *result, void *arg); /* once; result is borrowed */
    void (*kill_browsers)(void *arg);
    void (*resolve)(unsigned id, const char *name, void *arg);
    void *arg;
};

/* slice: see config_slice; borrowed. NULL with *err as worker_start. The process drops its
 * privileges here, once. */
struct trial *trial_start(struct event_base *base, const json_t *slice,
                          const struct trial_events *events, struct err *err);

/* As worker_resolved and worker_browsers_killed. */
void trial_resolved(struct trial *trial, const json_t *message);
void trial_browsers_killed(struct trial *trial, unsigned ended);

void trial_free(struct trial *trial);

#endif
