/* The state of an attempt in slow motion, for printing its steps. For attempt.c, exchange.c and
 * trace.c only. */
#ifndef WORKER_DRYRUN_TRACE_H
#define WORKER_DRYRUN_TRACE_H

#include "erp-drivers/webdriver/dryrun.h"
#include "worker/dryrun/attempt.h"
#include "worker/dryrun/page.h"

#define LABEL_BYTES 256

struct answer {
    struct erp_reply reply;
    char *body, *headers;
    char error[256];
};

struct trace {
    const struct dryrun_attempt *setup;
    struct dryrun_page *page;
    char step[LABEL_BYTES]; /* that has started; empty: none */
    int64_t began_ms;
    unsigned steps;    /* that are over */
    json_t *variables; /* that the step has set: lines */
    json_t *exchanges; /* with an API */
    json_t *unseen;    /* names of the pictures that are due: one picture shows them all */
    int64_t paused_ms; /* in all */
    char failed[LABEL_BYTES];
    const char *section; /* of the last request to an API that was not to take back; static */
    bool committed;      /* a request that may store the line has been sent */
    bool closing, interrupted;
    struct event *signals[2];
    struct http_transfer *transfer; /* under way */
    struct answer *answer;          /* where its reply is stored */
    struct answer said, seen;       /* the driver's time, and that of the screenshots */
};

/* A step starts. */
void trace_begin(struct trace *t, const char *label, int64_t now_ms);

/* Handles the driver's events; arg is the trace. */
void trace_on_event(const struct webdriver_event *event, void *arg);

#endif
