/* An attempt at one order, from its first step to its recorded end. delivery.c decides when one
 * starts; policy.c decides what the end means for the order. */
#ifndef WORKER_DELIVERY_JOB_H
#define WORKER_DELIVERY_JOB_H

#include "worker/delivery/delivery.h"
#include "worker/delivery/policy.h"
#include "worker/delivery/session.h"

struct job;

/* The current jobs and what they share. */
struct jobs {
    const struct delivery_setup *setup;
    struct sessions sessions;
    struct turn *turn; /* of their file requests */
    struct job *list;
    unsigned in_hand;
    struct event *record; /* of their ends; NULL until one has ended */
    /* An attempt has ended; what it says about the ERP. reason_code is static. */
    void (*ended)(enum policy_sign sign, const char *uniqueid, const struct erp_outcome *outcome,
                  void *arg);
    /* A step was made that a question of this session may wait for. */
    void (*stepped)(const struct session *session, void *arg);
    /* Its end is on disk and its slot is free. */
    void (*gone)(void *arg);
    void *arg;
};

/* Takes over the task, whose order is being processed, and makes the first step. */
void job_start(struct jobs *jobs, struct queue_task *task);

/* A job of this session has stepped: the jobs waiting for it continue. */
void jobs_stepped(struct jobs *jobs, const struct session *session);

/* A session is gone that may have blocked other jobs. */
void jobs_resume(struct jobs *jobs);

/* Abandons the jobs whose session has something open in the ERP, and those that wait for one. */
void jobs_give_up(struct jobs *jobs);

/* Abandons all jobs and the sessions. */
void jobs_clear(struct jobs *jobs);

#endif
