/* What has to be resealed: each workshop's file and queue, queues without a configured workshop,
 * and the archives of removed workshops. For rekey.c only. */
#ifndef SUPERVISOR_CONTROL_REKEY_TARGETS_H
#define SUPERVISOR_CONTROL_REKEY_TARGETS_H

#include "supervisor/daemon/daemon.h"

struct rekey_target {
    char slug[CONFIG_SLUG_MAX + 1];
    char *file; /* its document; NULL: it has none */
    char *kept; /* the queue's folder, if it belongs to a removed workshop; else NULL */
    bool has_queue;
    bool filed;                                /* the document is sealed with the new key */
    bool restarted;                            /* its process has had its turn */
    unsigned tries;                            /* in maintenance */
    bool done, failed;                         /* at most one of them: this target is finished */
    char why[sizeof(((struct err *)0)->text)]; /* of the last try */
};

/* A growing list without duplicates. */
struct rekey_targets {
    struct rekey_target *items;
    size_t count;
};

/* Adds what exists now and is not in the list. -1 with *err: not everything could be read. */
int rekey_targets_find(struct rekey_targets *targets, const struct daemon *daemon, struct err *err)
    __attribute__((warn_unused_result));

/* The target that this child's process works on; NULL: none. */
struct rekey_target *rekey_targets_of(struct rekey_targets *targets, const struct child *child);

void rekey_targets_clear(struct rekey_targets *targets);

#endif
