/* The dry run of a recipe: one attempt, step by step, with times and screenshots; started by
 * pumplinectl recipe run. Does not touch the queue. */
#ifndef WORKER_DRYRUN_DRYRUN_H
#define WORKER_DRYRUN_DRYRUN_H

#include <event2/event.h>

/* Reads its parameters as JSON from stdin: {"config": PATH of pumpline.json, "workshop", "recipe":
 * PATH, "order": {…}, "until": "create" | "commit" | "end", "show": bool, "folder": for
 * screenshots, "username" and "password": instead of the configured ones}. Prints what happens.
 * Returns a sysexits status; 1: the attempt did not reach its end. */
int dryrun_run(struct event_base *base);

#endif
