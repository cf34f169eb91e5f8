/* What a worker does from time to time: says that it lives, looks for replaced files, forgets old
 * orders, and checks a queue that was not closed. */
#ifndef WORKER_UPKEEP_H
#define WORKER_UPKEEP_H

struct worker;

struct upkeep_events {
    void (*changed)(void *worker);       /* the check has found damage */
    void (*stop)(struct worker *worker); /* to start again with the replaced files */
};

/* Its timers, until upkeep_end. */
void upkeep_start(struct worker *worker, const struct upkeep_events *events);
void upkeep_end(struct worker *worker);

/* Something has happened, or is about to: it is no longer asleep, and says so. */
void upkeep_wake(struct worker *worker);

#endif
