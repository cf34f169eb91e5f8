/* When to post, and what follows from an answer. */
#include "worker/callback/callbacks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/config/config.h"
#include "worker/callback/waiting.h"
#include "worker/callback/webhook.h"

#define PAUSE_FIRST_MS 25  /* of all, after the first failure; doubled with each further one */
#define PAUSE_MAX_MS 500   /* while the receiver answers something … */
#define PAUSE_DOWN_MS 5000 /* … and while it does not */
#define STORAGE_PAUSE_MS 1000
#define WELL_MS 60000 /* for as long after it has accepted one, the receiver counts as well */

struct post {
    struct callbacks *callbacks;
    struct queue_callback what;
    struct erp_request request;
    struct http_transfer *transfer; /* NULL: it has ended */
    bool used;
    bool done; /* no longer owed, which the queue does not know yet */
};

struct callbacks {
    struct callbacks_setup setup;
    unsigned char *key;
    size_t key_length;
    struct post posts[CALLBACKS_AT_ONCE];
    struct waiting waiting;
    unsigned failures; /* in a row, of all worksheets */
    bool down;         /* the last one got no answer */
    int64_t well_until_ms;
    int64_t pause_until_ms;
    char behind[ORDER_VALUE_MAX + 1]; /* the worksheet that had its turn last */
    struct event *pump, *record;
    struct callbacks_counts counts;
};

static void
pump_after(struct callbacks *c, int64_t ms)
{
    struct timeval pause = clock_timeval(ms);

    evtimer_add(c->pump, &pause);
}

static bool
is_under_way(const char *worksheet, void *arg)
{
    const struct callbacks *c = arg;

    for (size_t i = 0; i < CALLBACKS_AT_ONCE; i++)
        if (c->posts[i].used && strcmp(c->posts[i].what.worksheet, worksheet) == 0)
            return true;
    return false;
}

static int64_t
pause_of_all(const struct callbacks *c)
{
    int64_t ms = PAUSE_FIRST_MS, max_ms = c->down ? PAUSE_DOWN_MS : PAUSE_MAX_MS;

    for (unsigned i = 1; i < c->failures && ms < max_ms; i++)
        ms *= 2;
    return waiting_jittered(ms < max_ms ? ms : max_ms);
}

/* --- the end of one --- */

static void
post_clear(struct post *post)
{
    if (post->transfer)
        http_cancel(post->transfer);
    erp_request_clear(&post->request);
    free(post->what.body);
    post->used = post->done = false;
    post->transfer = NULL;
}

/* Together in one transaction, however many ended in this turn of the loop. */
static void
on_record(evutil_socket_t fd, short what, void *arg)
{
    struct timeval pause = clock_timeval(STORAGE_PAUSE_MS);
    const struct queue_callback *done[CALLBACKS_AT_ONCE];
    struct callbacks *c = arg;
    size_t count = 0;
    struct err err;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < CALLBACKS_AT_ONCE; i++)
        if (c->posts[i].done)
            done[count++] = &c->posts[i].what;
    if (!count || queue_broken(c->setup.queue))
        return;
    if (queue_callbacks_done(c->setup.queue, done, count, &err)) {
        log_error("cannot record posted callbacks, retrying: %s", err.text);
        evtimer_add(c->record, &pause);
        return;
    }
    for (size_t i = 0; i < CALLBACKS_AT_ONCE; i++)
        if (c->posts[i].done) {
            waiting_forget(&c->waiting, c->posts[i].what.worksheet);
            post_clear(&c->posts[i]);
        }
    pump_after(c, 0);
}

static void
settle(struct post *post)
{
    post->done = true;
    event_active(post->callbacks->record, EV_TIMEOUT, 0);
}

static bool
is_refusal(int status)
{
    return status / 100 == 4 && status != 408 && status != 429;
}

static void
try_later(struct post *post, const struct erp_reply *reply)
{
    struct callbacks *c = post->callbacks;
    int64_t left_ms = c->setup.give_up_ms - post->what.age_ms, now_ms = clock_monotonic_ms();
    struct waiting_failure failure = {.worksheet = post->what.worksheet,
                                      .refused = reply->complete && is_refusal(reply->status),
                                      .well = now_ms < c->well_until_ms,
                                      .least_ms = reply->retry_after_ms,
                                      .most_ms = left_ms};

    waiting_failed(&c->waiting, &failure, is_under_way, c);
    c->failures++;
    c->counts.failed++;
    c->pause_until_ms = now_ms + pause_of_all(c);
    post_clear(post);
    pump_after(c, 0);
}

/* What follows its head does not matter, nor whether all of it has arrived. */
static bool
is_accepted(const struct erp_reply *reply)
{
    return reply->status / 100 == 2 && (reply->complete || reply->body_length);
}

static void
on_answered(const struct erp_reply *reply, void *arg)
{
    struct post *post = arg;
    struct callbacks *c = post->callbacks;

    post->transfer = NULL;
    if (is_accepted(reply)) {
        c->failures = 0;
        c->down = false;
        c->pause_until_ms = 0;
        c->counts.accepted++;
        c->well_until_ms = clock_monotonic_ms() + WELL_MS;
        waiting_hurry(&c->waiting);
        settle(post);
        return;
    }
    c->down = !reply->complete;
    if (reply->complete)
        log_warning("callback %s: the receiver answered %d; it is posted again", post->what.id,
                    reply->status);
    else
        log_warning("callback %s: %s; it is posted again", post->what.id, reply->error);
    try_later(post, reply);
}

static void
give_up(struct post *post)
{
    log_error(
        "giving up on callback %s of worksheet %s: the receiver has not accepted it in %lld s",
        post->what.id, post->what.worksheet, (long long)(post->callbacks->setup.give_up_ms / 1000));
    post->callbacks->counts.given_up++;
    settle(post);
}

/* --- the next one --- */

static void
send_post(struct post *post)
{
    struct callbacks *c = post->callbacks;
    int64_t now_s = clock_wall_ms() / 1000;
    char *signature =
        webhook_signature(c->key, c->key_length, post->what.id, now_s, post->what.body);

    post->request = (struct erp_request){.kind = ERP_HTTP,
                                         .method = "POST",
                                         .url = mem_string(c->setup.url),
                                         .body = mem_string(post->what.body),
                                         .body_length = strlen(post->what.body),
                                         .what = "callback",
                                         .timeout_ms = CALLBACKS_TIMEOUT_MS};
    erp_request_header(&post->request, "Content-Type: application/json");
    erp_request_header(&post->request, "webhook-id: %s", post->what.id);
    erp_request_header(&post->request, "webhook-timestamp: %lld", (long long)now_s);
    erp_request_header(&post->request, "webhook-signature: %s", signature);
    free(signature);
    post->transfer = http_send(c->setup.http, &post->request, on_answered, post);
}

/* Under way, or to be tried later. */
static bool
has_no_turn(const char *worksheet, void *arg)
{
    struct callbacks *c = arg;

    return is_under_way(worksheet, c) ||
           waiting_due_ms(&c->waiting, worksheet) > clock_monotonic_ms();
}

/* Worksheets take turns: behind the last one, and then from the first one on. */
static bool
find_next(struct callbacks *c, struct queue_callback *what)
{
    struct err err = {.text = ""};
    int found = queue_callback_next(c->setup.queue, c->behind, has_no_turn, c, what, &err);

    if (!found && *c->behind)
        found = queue_callback_next(c->setup.queue, "", has_no_turn, c, what, &err);
    if (found < 0)
        log_error("cannot read the callbacks: %s", err.text);
    return found > 0;
}

static struct post *
free_post(struct callbacks *c)
{
    size_t used = 0, most = c->down ? 1 : CALLBACKS_AT_ONCE;
    struct post *empty = NULL;

    for (size_t i = 0; i < CALLBACKS_AT_ONCE; i++)
        if (c->posts[i].used)
            used++;
        else
            empty = &c->posts[i];
    return used < most ? empty : NULL;
}

static bool
start_next(struct callbacks *c)
{
    struct post *post = free_post(c);

    if (!post || !find_next(c, &post->what))
        return false;
    post->callbacks = c;
    post->used = true;
    text_copy(c->behind, sizeof c->behind, post->what.worksheet);
    if (post->what.age_ms >= c->setup.give_up_ms)
        give_up(post);
    else
        send_post(post);
    return true;
}

static void
on_pump(evutil_socket_t fd, short what, void *arg)
{
    struct callbacks *c = arg;
    int64_t now_ms = clock_monotonic_ms(), next_ms;

    (void)fd;
    (void)what;
    if (queue_broken(c->setup.queue) || !queue_callbacks_waiting(c->setup.queue))
        return;
    if (now_ms < c->pause_until_ms) {
        pump_after(c, c->pause_until_ms - now_ms);
        return;
    }
    while (start_next(c))
        continue;
    next_ms = waiting_next_ms(&c->waiting, is_under_way, c);
    if (free_post(c) && next_ms)
        pump_after(c, next_ms - now_ms);
}

void
callbacks_wake(struct callbacks *c)
{
    if (c && queue_callbacks_waiting(c->setup.queue) && free_post(c))
        event_active(c->pump, EV_TIMEOUT, 0);
}

struct callbacks_counts
callbacks_counts(const struct callbacks *c)
{
    return c ? c->counts : (struct callbacks_counts){0};
}

struct callbacks *
callbacks_new(const struct callbacks_setup *setup)
{
    struct callbacks *c = mem_alloc(sizeof *c);

    c->setup = *setup;
    c->setup.secret = NULL;
    waiting_init(&c->waiting, setup->delays_ms, setup->delay_count);
    c->key = secret_alloc(CONFIG_CALLBACK_SECRET_MAX);
    c->key_length = config_callback_key(setup->secret, c->key);
    c->pump = loop_timer(setup->base, on_pump, c);
    c->record = loop_timer(setup->base, on_record, c);
    callbacks_wake(c);
    return c;
}

void
callbacks_free(struct callbacks *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CALLBACKS_AT_ONCE; i++)
        if (c->posts[i].used)
            post_clear(&c->posts[i]);
    event_free(c->pump);
    event_free(c->record);
    secret_free(c->key);
    free(c);
}
