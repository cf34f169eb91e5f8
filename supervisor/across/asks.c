#include "supervisor/across/asks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/children.h"

#define READERS_EACH 2                 /* one may be about to end when it is asked */
#define FIRST_ID ((json_int_t)1 << 48) /* other calls have lower ids */

struct ask {
    TAILQ_ENTRY(ask) link;
    struct asks *asks;
    char slug[CONFIG_SLUG_MAX + 1];
    json_int_t id;
    json_t *message;
    const struct child *sent_to; /* NULL: it waits for a reader */
    enum asked outcome;          /* when the timer fires */
    bool ending;                 /* … which is soon */
    unsigned readers;            /* that were started for it */
    struct event *timer;
    ask_done *done;
    void *arg;
};

struct reader {
    TAILQ_ENTRY(reader) link;
    char slug[CONFIG_SLUG_MAX + 1];
    struct child *child; /* NULL: it has ended */
};

struct asks {
    struct daemon *daemon;
    json_int_t last_id;
    TAILQ_HEAD(, ask) open;
    TAILQ_HEAD(, reader) readers;
    unsigned reader_count;
    struct event *step; /* not from within a child's own callback */
};

static void
step_soon(struct asks *asks)
{
    struct timeval now = {0};

    if (!evtimer_pending(asks->step, NULL))
        evtimer_add(asks->step, &now);
}

/* --- questions --- */

static void
ask_free(struct ask *ask)
{
    TAILQ_REMOVE(&ask->asks->open, ask, link);
    step_soon(ask->asks);
    event_free(ask->timer);
    json_decref(ask->message);
    free(ask);
}

static void
finish(struct ask *ask, enum asked asked, const json_t *reply)
{
    ask_done *done = ask->done;
    void *arg = ask->arg;

    ask_free(ask);
    done(asked, reply, arg);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
    struct ask *ask = arg;

    (void)fd;
    (void)what;
    finish(ask, ask->outcome, NULL);
}

/* In a later turn. */
static void
finish_soon(struct ask *ask, enum asked asked)
{
    struct timeval now = {0};

    ask->outcome = asked;
    ask->ending = true;
    evtimer_add(ask->timer, &now);
}

/* A process that is on its way is not waited for. */
static void
find_way(struct ask *ask, struct child *child)
{
    if (!child->pid && !archive_has_queue(ask->asks->daemon->config, ask->slug))
        finish_soon(ask, ASKED_EMPTY);
    else if (!child->pid)
        step_soon(ask->asks);
    else if (child_send(child, ask->message))
        ask->sent_to = child;
    else
        finish_soon(ask, ASKED_NOTHING);
}

void
asks_send(struct asks *asks, struct child *child, const char *target, ask_done *done, void *arg)
{
    struct timeval patience = clock_timeval(ASKS_PATIENCE_MS);
    struct ask *ask = mem_alloc(sizeof *ask);

    *ask = (struct ask){
        .asks = asks, .id = ++asks->last_id, .outcome = ASKED_NOTHING, .done = done, .arg = arg};
    text_copy(ask->slug, sizeof ask->slug, child->workshop->slug);
    ask->timer = loop_timer(asks->daemon->base, on_time, ask);
    ask->message = json_pack("{ss sI ss ss}", "type", "call", "id", ask->id, "method", "GET",
                             "target", target);
    evtimer_add(ask->timer, &patience);
    TAILQ_INSERT_TAIL(&asks->open, ask, link);
    if (ask->message)
        find_way(ask, child);
    else
        finish_soon(ask, ASKED_NOTHING);
}

void
asks_forget(struct asks *asks, const void *arg)
{
    struct ask *next;

    for (struct ask *ask = TAILQ_FIRST(&asks->open); ask; ask = next) {
        next = TAILQ_NEXT(ask, link);
        if (ask->arg == arg)
            ask_free(ask);
    }
}

void
asks_replied(struct asks *asks, const struct child *child, const json_t *reply)
{
    json_int_t id = json_integer_value(json_object_get(reply, "id"));
    struct ask *ask;

    if (id > FIRST_ID)
        TAILQ_FOREACH(ask, &asks->open, link)
            if (ask->id == id && ask->sent_to == child) {
                finish(ask, ASKED_REPLY, reply);
                return;
            }
}

/* --- readers --- */

static struct reader *
find_reader(const struct asks *asks, const char *slug)
{
    struct reader *reader;

    TAILQ_FOREACH(reader, &asks->readers, link)
        if (strcmp(reader->slug, slug) == 0)
            break;
    return reader;
}

static bool
is_asked(const struct asks *asks, const struct reader *reader)
{
    const struct ask *ask;

    TAILQ_FOREACH(ask, &asks->open, link)
        if (!ask->ending && strcmp(ask->slug, reader->slug) == 0)
            return true;
    return false;
}

static bool
start_reader(struct asks *asks, const struct child *of)
{
    struct err err;
    struct child *child = children_read(asks->daemon, of, &err);
    struct reader *reader;

    if (!child) {
        log_about(LOG_WARNING, of->workshop->name, "cannot read its queue: %s", err.text);
        return false;
    }
    reader = mem_alloc(sizeof *reader);
    reader->child = child;
    text_copy(reader->slug, sizeof reader->slug, of->workshop->slug);
    TAILQ_INSERT_TAIL(&asks->readers, reader, link);
    asks->reader_count++;
    return true;
}

/* An ask without a way: through its reader, once that runs; false: never. */
static bool
send_by_reader(struct ask *ask)
{
    struct asks *asks = ask->asks;
    struct child *of = children_find(asks->daemon, ask->slug);
    struct reader *reader = find_reader(asks, ask->slug);

    if (!of || of->pid || asks->daemon->stopping)
        return false;
    if (!reader && asks->reader_count >= ASKS_READERS_MAX)
        return true;
    if (!reader)
        return ask->readers++ < READERS_EACH && start_reader(asks, of);
    if (reader->child && child_send(reader->child, ask->message))
        ask->sent_to = reader->child;
    return reader->child != NULL;
}

static void
end_reader(struct asks *asks, struct reader *reader)
{
    TAILQ_REMOVE(&asks->readers, reader, link);
    asks->reader_count--;
    free(reader);
}

/* The workshop's own process needs the queue; the last answer is given. */
static void
look_after(struct asks *asks, struct reader *reader)
{
    const struct child *of = children_find(asks->daemon, reader->slug);

    if (!reader->child)
        end_reader(asks, reader);
    else if (!of || of->pid)
        child_kill(reader->child);
    else if (!is_asked(asks, reader))
        child_stop(reader->child);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
    struct asks *asks = arg;
    struct reader *next_reader;
    struct ask *next;

    (void)fd;
    (void)what;
    for (struct reader *reader = TAILQ_FIRST(&asks->readers); reader; reader = next_reader) {
        next_reader = TAILQ_NEXT(reader, link);
        look_after(asks, reader);
    }
    for (struct ask *ask = TAILQ_FIRST(&asks->open); ask; ask = next) {
        next = TAILQ_NEXT(ask, link);
        if (!ask->sent_to && !ask->ending && !send_by_reader(ask))
            finish_soon(ask, ASKED_NOTHING);
    }
}

static void
reader_changed(struct asks *asks, const struct child *child)
{
    struct reader *reader;

    TAILQ_FOREACH(reader, &asks->readers, link)
        if (reader->child == child && child_at_rest(child))
            reader->child = NULL; /* it is freed soon */
}

/* A process that loses its channel answers nothing any more. */
void
asks_changed(struct asks *asks, struct child *child)
{
    struct ask *ask;

    if (child->reads)
        reader_changed(asks, child);
    if (!child->chan || child_at_rest(child))
        TAILQ_FOREACH(ask, &asks->open, link)
            if (ask->sent_to == child)
                finish_soon(ask, ASKED_NOTHING);
    if (!TAILQ_EMPTY(&asks->readers) || child->reads)
        step_soon(asks);
}

struct asks *
asks_new(struct daemon *daemon)
{
    struct asks *asks = mem_alloc(sizeof *asks);

    asks->daemon = daemon;
    asks->last_id = FIRST_ID;
    asks->step = loop_timer(daemon->base, on_step, asks);
    TAILQ_INIT(&asks->open);
    TAILQ_INIT(&asks->readers);
    return asks;
}

void
asks_free(struct asks *asks)
{
    struct reader *reader;

    while (!TAILQ_EMPTY(&asks->open))
        finish(TAILQ_FIRST(&asks->open), ASKED_NOTHING, NULL);
    while ((reader = TAILQ_FIRST(&asks->readers))) {
        TAILQ_REMOVE(&asks->readers, reader, link);
        free(reader);
    }
    event_free(asks->step);
    free(asks);
}
