/* Calls that wait for a trial: a connection test, or a dry run of an order. */
#include "supervisor/across/trials.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "supervisor/daemon/children.h"

struct trial {
    TAILQ_ENTRY(trial) link;
    const struct child *child;
    struct call *call;
};

struct trials {
    struct daemon *daemon;
    void (*answer)(struct call *call, const json_t *reply);
    unsigned count;
    TAILQ_HEAD(, trial) open;
};

struct trials *
trials_new(struct daemon *daemon, void (*answer)(struct call *call, const json_t *reply))
{
    struct trials *trials = mem_alloc(sizeof *trials);

    trials->daemon = daemon;
    trials->answer = answer;
    TAILQ_INIT(&trials->open);
    return trials;
}

/* Its call goes to the caller. */
static struct call *
take(struct trials *trials, struct trial *trial)
{
    struct call *call = trial->call;

    TAILQ_REMOVE(&trials->open, trial, link);
    trials->count--;
    free(trial);
    return call;
}

static struct trial *
find(struct trials *trials, const struct child *child)
{
    struct trial *trial;

    TAILQ_FOREACH(trial, &trials->open, link) {
        if (trial->child == child)
            return trial;
    }
    return NULL;
}

void
trials_free(struct trials *trials)
{
    while (!TAILQ_EMPTY(&trials->open))
        call_problem(take(trials, TAILQ_FIRST(&trials->open)), 503, "stopping", NULL,
                     "the daemon is stopping");
    free(trials);
}

void
trials_begin(struct trials *trials, struct workshop_config *workshop, json_t *order,
             struct call *call)
{
    struct trial *trial;
    struct child *child;
    struct err err;

    if (trials->count >= TRIALS_AT_ONCE) {
        workshop_config_free(workshop);
        json_decref(order);
        call_header(call, "Retry-After", "5");
        call_problem(call, 503, "busy", NULL,
                     "%d connection tests or dry runs are under way: try again", TRIALS_AT_ONCE);
        return;
    }
    child = children_try(trials->daemon, workshop, order, &err);
    if (!child) {
        call_problem(call, 503, err.code, NULL, "%s", err.text);
        return;
    }
    trial = mem_alloc(sizeof *trial);
    *trial = (struct trial){.child = child, .call = call};
    TAILQ_INSERT_TAIL(&trials->open, trial, link);
    trials->count++;
}

void
trials_replied(struct trials *trials, struct child *child, const json_t *reply)
{
    struct trial *trial = find(trials, child);

    if (trial)
        trials->answer(take(trials, trial), reply);
}

void
trials_changed(struct trials *trials, const struct child *child)
{
    struct trial *trial = child_at_rest(child) ? find(trials, child) : NULL;

    if (trial)
        call_problem(take(trials, trial), 503, "test_failed", NULL, "%s",
                     *child->last_error ? child->last_error
                                        : "the process ended before it replied");
}
