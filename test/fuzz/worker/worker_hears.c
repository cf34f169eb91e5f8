/* Messages from the supervisor to a worker: channel, commands, and answers about names. The worker
 * behind them is a stub; worker_api.c tests the calls. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/loop.h"
#include "test/fuzz/fuzz.h"
#include "worker/channel.h"
#include "worker/io/names.h"
#include "worker/worker.h"

#define ROUNDS 4

struct worker {
    struct event_base *base;
    struct worker_events events;
    struct names *names;
    bool stopping;
};

static struct event_base *base;
static unsigned asked;

/* --- the stub that replaces worker/worker.c --- */

static void
on_ask(unsigned id, const char *name, void *arg)
{
    struct worker *w = arg;

    asked++;
    w->events.resolve(id, name, w->events.arg);
}

static void
on_named(const struct names_answer *answer, void *arg)
{
    (void)arg;
    REQUIRE(answer->count <= NAMES_ADDRESSES_MAX && (answer->count || answer->error));
    for (size_t i = 0; i < answer->count; i++)
        REQUIRE(strlen(answer->addresses[i]) < INET6_ADDRSTRLEN &&
                !answer->addresses[i][strspn(answer->addresses[i], "0123456789abcdefABCDEF.:")]);
}

struct worker *
worker_start(struct event_base *loop, const json_t *slice, int listen_fd,
             const struct worker_events *events, struct err *err)
{
    struct worker *w = mem_alloc(sizeof *w);
    char hello[] = "erp.example.com";

    (void)listen_fd;
    if (json_is_false(json_object_get(slice, "document"))) {
        free(w);
        err_set(err, "config", "no document");
        return NULL;
    }
    *w = (struct worker){.base = loop, .events = *events};
    w->names = names_new(loop, on_ask, w);
    for (int i = 0; i < 3; i++, hello[0]++)
        names_resolve(w->names, hello, on_named, w);
    return w;
}

void
worker_call(struct worker *worker, struct call *call)
{
    REQUIRE(call->trusted && *call->method && call->body &&
            strlen(call->body) <= call->body_length);
    worker->events.changed(worker->events.arg);
    call_reply(call, 200, json_pack("{s:i}", "length", (int)call->body_length));
}

void
worker_resolved(struct worker *worker, const json_t *message)
{
    names_answered(worker->names, message);
}

void
worker_stop(struct worker *worker)
{
    worker->stopping = true;
    event_base_loopbreak(worker->base);
}

void
worker_browsers_killed(struct worker *worker, unsigned ended)
{
    (void)ended;
    worker->events.kill_browsers(worker->events.arg);
}

int
worker_exit_status(const struct err *err)
{
    (void)err;
    return 78;
}

void
worker_counters(const struct worker *worker, struct counters *counters)
{
    (void)worker;
    *counters = (struct counters){.created = 1};
}

void
worker_set_tokens(struct worker *worker, const json_t *tokens)
{
    (void)tokens;
    worker->events.changed(worker->events.arg);
}

void
worker_tell_uses(const struct worker *worker)
{
    worker->events.token_used("00", 1, worker->events.arg);
}

bool
worker_outdated(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_asleep(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_reads(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_broken(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_stopping(const struct worker *worker)
{
    return worker->stopping;
}

bool
worker_idle(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_tidying(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_leaves_open(const struct worker *worker)
{
    (void)worker;
    return false;
}

bool
worker_rekeyed(const struct worker *worker)
{
    (void)worker;
    return false;
}

unsigned
worker_waiting(const struct worker *worker)
{
    (void)worker;
    return 0;
}

const char *
worker_state(const struct worker *worker)
{
    (void)worker;
    return "running";
}

int64_t
worker_newest_attention(const struct worker *worker)
{
    (void)worker;
    return 0;
}

json_t *
worker_alive(const struct worker *worker)
{
    (void)worker;
    return json_object();
}

void
worker_free(struct worker *worker)
{
    if (worker)
        names_free(worker->names);
    free(worker);
}

/* --- the target --- */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    base = loop_new();
    return 0;
}

/* Its output is one JSON object per line. */
static void
check_said(int fd)
{
    static char said[1 << 20];
    ssize_t got = read(fd, said, sizeof said - 1);
    char *rest = said, *line;

    said[got > 0 ? got : 0] = '\0';
    while ((line = strsep(&rest, "\n")) && rest) {
        json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);

        REQUIRE(json_is_string(json_object_get(message, "type")));
        json_decref(message);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2], room = 1 << 20, status;
    struct channel *manage;

    fuzz_begin();
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    REQUIRE(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    asked = 0;
    manage = channel_new(base, pair[0], -1);
    REQUIRE(write(pair[1], data, size) == (ssize_t)size);
    for (int i = 0; i < ROUNDS; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    shutdown(pair[1], SHUT_WR);
    status = channel_end(manage);
    REQUIRE(status == 0 || status == 78);
    check_said(pair[1]);
    close(pair[1]);
    return 0;
}
