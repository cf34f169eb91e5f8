/* The parts of a worker, and their creation up to the sandbox. For worker.c, trial.c,
 * upkeep.c and setup.c only. */
#ifndef WORKER_SETUP_H
#define WORKER_SETUP_H

#include "worker/allowlist.h"
#include "worker/delivery/delivery.h"
#include "worker/drain.h"
#include "worker/upkeep.h"
#include "worker/worker.h"

struct worker {
    struct event_base *base;
    struct worker_events events;
    struct workshop_config *workshop;
    const struct erp_driver *driver;
    json_t *erp; /* the driver's setup */
    struct credentials credentials;
    unsigned char *key, *old_key; /* old_key NULL: no rekey is under way, or it is done here */
    bool rekeyed;
    struct pinned_path *folder, *log_dir; /* of the queue; only without a supervisor */
    struct allowlist allowlist;
    struct queue *queue;
    struct http *http, *callback_http; /* NULL: there are no callbacks */
    char *callback_secret;             /* secret string; until callbacks_new */
    struct callbacks *callbacks;
    struct names *names; /* NULL: libcurl resolves them */
    struct browser_killer *browser_killer;
    struct proxy *proxy;           /* NULL: the ERP needs no browser */
    struct own_driver *own_driver; /* NULL: its URL says where it is */
    struct delivery *delivery;
    struct reconcile *reconcile;
    struct api *api;
    struct http_server *server;
    struct drain drain;
    struct upkeep_events upkeep;
    struct event *expire, *tick, *check, *renewal;
    struct counters counters;
    unsigned ticks;
    bool asleep;   /* see worker_asleep */
    bool unsure;   /* the disk's time differs: logged once */
    bool outdated; /* stops because of that */
};

/* A member of the configuration that it was started with; "": it has none. */
const char *setup_text(const json_t *slice, const char *name);
bool setup_is_maintenance(const json_t *slice);

/* … only to read the queue. */
bool setup_reads(const json_t *slice);

/* In this order. Each returns -1 with *err. */
int setup_load(struct worker *w, const json_t *slice, struct err *err);
int setup_shut_in(struct worker *w, const json_t *slice, struct err *err);
int setup_open_queue(struct worker *w, struct err *err);
int setup_erp(struct worker *w, struct err *err);

/* What it reaches the ERP with, inside the sandbox. */
void setup_io(struct worker *w);
void setup_free_io(struct worker *w);

/* What an attempt needs of it: no deadlines and no callback for changes. */
struct delivery_setup setup_delivery(const struct worker *w);

/* What setup_load and setup_shut_in have opened, but for the queue's folder and the logs. */
void setup_free(struct worker *w);

#endif
