/* Requests wait, are carried out together, and get their replies one after the other. */
#include "worker/delivery/turn.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "worker/io/files.h"

#define MOST 64     /* requests in one turn */
#define FIRST 4     /* in the first one */
#define LONG_MS 100 /* a slow share holds up the loop: fewer next time */

struct turn {
    struct event *event;
    struct queue *queue;
    const struct turn_events *events;
    unsigned most; /* in one turn, for the time being */
    struct steps_list waiting, taken;
};

/* The requests of `taken`, in the same order. */
struct batch {
    size_t count;
    struct steps *steps[MOST];
    struct files_call calls[MOST], *sent[MOST]; /* NULL: it was not */
};

static void
arm(struct turn *turn)
{
    event_add(turn->event, &(struct timeval){0, 0});
}

static void
enter(struct steps_list *list, struct steps *steps)
{
    steps->turn_list = list;
    TAILQ_INSERT_TAIL(list, steps, link);
}

static void
take(struct turn *turn, struct batch *batch)
{
    struct steps *steps;

    while (batch->count < turn->most && (steps = TAILQ_FIRST(&turn->waiting))) {
        turn_remove(steps);
        enter(&turn->taken, steps);
        steps->leaving = steps->events->leaves ? steps->events->leaves(steps->arg) : NULL;
        batch->steps[batch->count++] = steps;
    }
}

static int
record(const struct turn *turn, const struct batch *batch, struct err *err)
{
    struct order *orders[MOST];
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->steps[i]->leaving)
            orders[count++] = batch->steps[i]->leaving;
    return count ? queue_commit_sent_all(turn->queue, orders, count, err) : 0;
}

/* If the commits cannot be recorded, only what needs no record is carried out. */
static void
perform(const struct turn *turn, struct batch *batch, bool recorded)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct erp_request *request = &batch->steps[i]->erp.request;

        if (!recorded && batch->steps[i]->leaving)
            continue;
        if (request->commits)
            turn->events->commits();
        batch->sent[i] = &batch->calls[count++];
        batch->sent[i]->request = request;
    }
    files_perform_all(batch->calls, count);
}

/* A reply may end other jobs, too: these leave the list. */
static void
answer(struct turn *turn, const struct batch *batch, const struct err *why)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct steps *steps = TAILQ_FIRST(&turn->taken);

        if (steps != batch->steps[i])
            continue;
        turn_remove(steps);
        if (batch->sent[i])
            turn->events->reply(steps, &batch->sent[i]->reply);
        else
            turn->events->not_sent(steps, why);
    }
}

/* On the heap, since it would stay resident in every idle process. */
static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct batch *batch = mem_alloc(sizeof *batch);
    int64_t begin_ms = clock_monotonic_ms();
    struct turn *turn = arg;
    struct err why;

    (void)fd;
    (void)what;
    take(turn, batch);
    perform(turn, batch, record(turn, batch, &why) == 0);
    if (clock_monotonic_ms() - begin_ms > LONG_MS)
        turn->most = (turn->most + 1) / 2;
    else if (turn->most < MOST)
        turn->most *= 2;
    answer(turn, batch, &why);
    free(batch);
    if (!TAILQ_EMPTY(&turn->waiting))
        arm(turn);
}

struct turn *
turn_new(struct event_base *base, struct queue *queue, const struct turn_events *events)
{
    struct turn *turn = mem_alloc(sizeof *turn);

    turn->queue = queue;
    turn->events = events;
    turn->most = FIRST;
    turn->event = loop_timer(base, on_turn, turn);
    TAILQ_INIT(&turn->waiting);
    TAILQ_INIT(&turn->taken);
    return turn;
}

void
turn_free(struct turn *turn)
{
    event_free(turn->event);
    free(turn);
}

void
turn_add(struct turn *turn, struct steps *steps)
{
    enter(&turn->waiting, steps);
    arm(turn);
}

void
turn_remove(struct steps *steps)
{
    if (steps->turn_list)
        TAILQ_REMOVE(steps->turn_list, steps, link);
    steps->turn_list = NULL;
}
