/* The dry run of a recipe: one attempt, step by step, with times and pictures; pumplinectl recipe
 * run starts it. No queue is touched. */
#ifndef WORKER_DRYRUN_DRYRUN_H
#define WORKER_DRYRUN_DRYRUN_H

#include <event2/event.h>

/* Reads what to do as JSON from stdin: {"config": PATH of pumpline.json, "workshop", "recipe":
 * PATH, "order": {…}, "until": "create" | "commit" | "end", "show": bool, "folder": for pictures,
 * "username" and "password": instead of the configured ones}. Says on stdout what happens. Returns
 * a sysexits status; 1: the attempt did not come to its end. */
int dryrun_run(struct event_base *base);

#endif
