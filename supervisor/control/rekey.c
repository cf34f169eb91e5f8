/* Replaces the master key. */
#include "supervisor/control/rekey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/control/rekey_targets.h"
#include "supervisor/daemon/archive.h"
#include "supervisor/daemon/children.h"
#include "supervisor/daemon/registry.h"

#define AT_ONCE 8 /* workshops at once; the others go on serving */
#define TRIES_MAX 3
#define FAILURES_MAX 5 /* tries of a process in backoff: about three seconds */

struct open_call {
    TAILQ_ENTRY(open_call) link;
    struct call *call;
};

struct rekey {
    struct daemon *daemon;
    struct rekey_targets targets;
    TAILQ_HEAD(, open_call) calls;
    struct event *turn; /* not from within a child's own callback */
    bool running;
};

static void
turn_soon(struct rekey *rekey)
{
    struct timeval now = {0};

    evtimer_add(rekey->turn, &now);
}

/* --- one target --- */

static void
fail(struct rekey_target *target, const char *why)
{
    if (why != target->why)
        text_copy(target->why, sizeof target->why, why);
    target->failed = true;
    log_error("cannot seal %s with the new key: %s", target->slug, target->why);
}

static void
seal_file(struct rekey *rekey, struct rekey_target *target)
{
    const struct daemon *daemon = rekey->daemon;
    struct err err;

    target->filed = true;
    if (target->file &&
        registry_reseal(daemon->config, &daemon->keys, target->file, target->slug, &err))
        fail(target, err.text);
    failpoint_here("rekey.file");
}

static struct child *
find_child(const struct daemon *daemon, struct rekey_targets *targets,
           const struct rekey_target *target)
{
    for (size_t i = 0; i < daemon->total; i++)
        if (rekey_targets_of(targets, daemon->children[i]) == target)
            return daemon->children[i];
    return NULL;
}

static bool
is_there(const struct daemon *daemon, const struct rekey_target *target)
{
    return target->kept ? access(target->kept, F_OK) == 0
                        : archive_has_queue(daemon->config, target->slug);
}

static void
maintain(struct rekey *rekey, struct rekey_target *target, struct child *child)
{
    struct err err;

    if (!is_there(rekey->daemon, target)) /* once archived it is another target */
        target->done = true;
    else if (target->tries++ == TRIES_MAX)
        fail(target, target->why);
    else if (child ? child_maintain(child, &err)
                   : children_maintain(rekey->daemon, target->slug, target->kept, &err))
        fail(target, err.text);
    failpoint_here("rekey.maintain");
}

/* It has a process that was not told the new key, or could not apply it. */
static void
restart(struct rekey_target *target, struct child *child)
{
    if (target->restarted) {
        fail(target, "its process could not reseal the queue; see its log");
        return;
    }
    target->restarted = true;
    child_restart(child);
    failpoint_here("rekey.restart");
}

static void
note_end(struct rekey_target *target, const struct child_exit *end)
{
    static const char *const reasons[] = {
        [EX_IOERR] = ": cannot use the queue", [EX_TEMPFAIL] = ": another process uses the queue"};
    bool known = end->code >= 0 && (size_t)end->code < sizeof reasons / sizeof *reasons &&
                 reasons[end->code];

    if (end->signal)
        snprintf(target->why, sizeof target->why, "its process was killed by signal %d",
                 end->signal);
    else
        snprintf(target->why, sizeof target->why, "its process exited with status %d%s", end->code,
                 known ? reasons[end->code] : "");
}

/* Does what can be done now; the rest follows when the child changes. */
static void
seal_queue(struct rekey *rekey, struct rekey_target *target)
{
    struct child *child = find_child(rekey->daemon, &rekey->targets, target);

    if (!target->has_queue || (child && child->rekeyed))
        target->done = true;
    else if (!child || child_at_rest(child))
        maintain(rekey, target, child);
    else if (child->state == CHILD_RUNNING)
        restart(target, child);
    else if (child->state == CHILD_BACKOFF && child->failures > FAILURES_MAX)
        fail(target, child->last_error);
}

void
rekey_changed(struct rekey *rekey, const struct child *child)
{
    struct rekey_target *target = rekey->running ? rekey_targets_of(&rekey->targets, child) : NULL;

    if (!rekey->running)
        return;
    if (target && child->rekeyed && !target->failed && target->filed)
        target->done = true;
    if (target && child_at_rest(child) && !child->rekeyed)
        note_end(target, &child->last_exit);
    turn_soon(rekey);
}

/* --- all of them --- */

static json_t *
incomplete_json(const struct rekey_targets *targets, char **detail)
{
    json_t *list = json_array();

    *detail = mem_string("both keys stay in use until everything is sealed with the new one");
    for (size_t i = 0; i < targets->count; i++) {
        const struct rekey_target *target = &targets->items[i];
        char *longer;

        if (target->done)
            continue;
        json_array_append_new(list,
                              json_pack("{ss ss}", "slug", target->slug, "detail", target->why));
        longer = mem_format("%s; %s: %s", *detail, target->slug, target->why);
        free(*detail);
        *detail = longer;
    }
    return list;
}

static void
answer_all(struct rekey *rekey, void (*answer)(struct call *call, const void *arg), const void *arg)
{
    struct open_call *open;

    while ((open = TAILQ_FIRST(&rekey->calls))) {
        TAILQ_REMOVE(&rekey->calls, open, link);
        answer(open->call, arg);
        free(open);
    }
}

static void
answer_done(struct call *call, const void *arg)
{
    const struct rekey_targets *targets = arg;

    call_reply(call, 200, json_pack("{sI}", "rekeyed", (json_int_t)targets->count));
}

static void
answer_incomplete(struct call *call, const void *arg)
{
    char *detail;
    json_t *list = incomplete_json(arg, &detail);
    json_t *problem = problem_json(409, "rekey_incomplete", NULL, detail);

    json_object_set_new(problem, "incomplete", list);
    call_problem_json(call, problem);
    free(detail);
}

static void
answer_error(struct call *call, const void *arg)
{
    const struct err *err = arg;

    call_problem(call, 409, "rekey_incomplete", NULL, "%s", err->text);
}

static void
answer_stopping(struct call *call, const void *arg)
{
    (void)arg;
    call_problem(
        call, 503, "stopping", NULL,
        "the daemon is stopping; repeat rekey after the restart to continue with the same new key");
}

static size_t
count_failed(const struct rekey_targets *targets)
{
    size_t count = 0;

    for (size_t i = 0; i < targets->count; i++)
        count += targets->items[i].failed;
    return count;
}

static void
conclude(struct rekey *rekey)
{
    struct daemon *daemon = rekey->daemon;
    size_t failed = count_failed(&rekey->targets);
    struct err err;

    rekey->running = false;
    failpoint_here("rekey.finish");
    if (failed) {
        log_error("rekey incomplete: not sealed with the new master key: %zu of %zu workshop%s",
                  failed, rekey->targets.count, plural((long long)rekey->targets.count));
        answer_all(rekey, answer_incomplete, &rekey->targets);
    } else if (key_file_finish(daemon->config->key_file, &daemon->keys, &err)) {
        log_error("%s", err.text);
        answer_all(rekey, answer_error, &err);
    } else {
        log_info("master key replaced; sealed with the new one: %zu workshop%s",
                 rekey->targets.count, plural((long long)rekey->targets.count));
        answer_all(rekey, answer_done, &rekey->targets);
    }
}

/* Whether another target may start: `busy` counts those under way. */
static void
step(struct rekey *rekey, struct rekey_target *target, unsigned *busy)
{
    if (target->done || target->failed)
        return;
    if (!target->filed) {
        seal_file(rekey, target);
        turn_soon(rekey); /* one fsync per turn of the loop, with clients served in between */
        *busy = AT_ONCE;
        return;
    }
    seal_queue(rekey, target);
    *busy += !target->done && !target->failed;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct rekey *rekey = arg;
    unsigned busy = 0;
    size_t known = rekey->targets.count;
    struct err err;

    (void)fd;
    (void)what;
    if (!rekey->running)
        return;
    if (rekey->daemon->stopping) {
        rekey->running = false;
        answer_all(rekey, answer_stopping, NULL);
        return;
    }
    for (size_t i = 0; i < rekey->targets.count && busy < AT_ONCE; i++)
        step(rekey, &rekey->targets.items[i], &busy);
    if (busy)
        return;
    /* Workshops may have been added or removed meanwhile. */
    if (rekey_targets_find(&rekey->targets, rekey->daemon, &err)) {
        rekey->running = false;
        log_error("rekey incomplete: %s", err.text);
        answer_all(rekey, answer_error, &err);
    } else if (rekey->targets.count > known) {
        turn_soon(rekey);
    } else {
        conclude(rekey);
    }
}

static void
start(struct rekey *rekey)
{
    if (rekey->running)
        return;
    log_info("replacing the master key");
    rekey_targets_clear(&rekey->targets);
    rekey->running = true;
    turn_soon(rekey);
}

void
rekey_begin(struct rekey *rekey, struct call *call)
{
    struct daemon *daemon = rekey->daemon;
    struct open_call *open;
    struct err err;

    if (!daemon->keys.old && daemon_new_key(daemon, &err)) {
        bool credential = strcmp(err.code, "key_is_a_credential") == 0;

        call_problem(call, credential ? 409 : 503, credential ? err.code : "not_written", NULL,
                     "%s", err.text);
        return;
    }
    open = mem_alloc(sizeof *open);
    open->call = call;
    TAILQ_INSERT_TAIL(&rekey->calls, open, link);
    start(rekey);
}

struct rekey *
rekey_new(struct daemon *daemon)
{
    struct rekey *rekey = mem_alloc(sizeof *rekey);

    rekey->daemon = daemon;
    TAILQ_INIT(&rekey->calls);
    rekey->turn = loop_timer(daemon->base, on_turn, rekey);
    if (daemon->keys.old)
        start(rekey);
    return rekey;
}

void
rekey_free(struct rekey *rekey)
{
    answer_all(rekey, answer_stopping, NULL);
    event_free(rekey->turn);
    rekey_targets_clear(&rekey->targets);
    free(rekey);
}
