/* What has to be sealed anew: each workshop's file and queue, queues whose workshop is not
 * configured, and what is left of removed ones. For rekey.c alone. */
#ifndef SUPERVISOR_CONTROL_REKEY_TARGETS_H
#define SUPERVISOR_CONTROL_REKEY_TARGETS_H

#include "supervisor/daemon/daemon.h"

struct rekey_target {
    char slug[CONFIG_SLUG_MAX + 1];
    char *file; /* its document; NULL: it has none */
    char *kept; /* the queue's folder, where it is a removed workshop's; NULL otherwise */
    bool has_queue;
    bool filed;                                /* the document is sealed with the new key */
    bool restarted;                            /* its process, once */
    unsigned tries;                            /* at maintenance */
    bool done, failed;                         /* at most one of them: this target has ended */
    char why[sizeof(((struct err *)0)->text)]; /* of the last try */
};

/* A growing list; none stands in it twice. */
struct rekey_targets {
    struct rekey_target *items;
    size_t count;
};

/* Adds what is there now and not in the list. -1 with *err: not all could be looked at. */
int rekey_targets_find(struct rekey_targets *targets, const struct daemon *daemon, struct err *err)
    __attribute__((warn_unused_result));

/* The one that this child's process is about; NULL: none. */
struct rekey_target *rekey_targets_of(struct rekey_targets *targets, const struct child *child);

void rekey_targets_clear(struct rekey_targets *targets);

#endif
