/* A child whose process is only a socket. */
#ifndef TEST_UNIT_SUPERVISOR_CHILD_CHILD_H
#define TEST_UNIT_SUPERVISOR_CHILD_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "supervisor/child/child.h"
#include "supervisor/system/listen.h"
#include "test/unit/common/marked.h"

#define KILL_PAUSE_MS 50
#define NO_SUCH_PID 0x3ffffff0 /* above any pid_max: signals to it go nowhere */
#define STATUS(code) ((code) << 8)

struct fixture {
    struct event_base *base;
    struct child_host host;
    struct workshop_config workshop;
    struct child *child;
    int peer; /* the process's end of the channel */
    int spawns, fail_spawns, replies, changes;
    json_t *audit; /* the last change on its port */
    int logs;      /* the process's end of its log */
    const char *log_dir;
    const char *mark;          /* of its browsers; NULL: none */
    const char *webdriver_url; /* NULL: none */
    bool without_listener;     /* what the next spawn must have */
};

static struct fixture *current;

static int
fake_spawn(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
           struct err *err)
{
    int pair[2], logs[2];

    assert_string_equal(path, "/nowhere/worker");
    assert_int_equal(sockets->listen_fd < 0, current->without_listener);
    if (current->fail_spawns && current->fail_spawns--)
        return err_set(err, "spawn_failed", "cannot fork");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    current->peer = pair[1];
    assert_int_equal(pipe2(logs, O_NONBLOCK), 0);
    if (current->logs >= 0)
        close(current->logs);
    current->logs = logs[1];
    *spawned = (struct spawned){
        .pid = NO_SUCH_PID + current->spawns++, .chan_fd = pair[0], .logs_fd = logs[0]};
    return 0;
}

static bool
own_driver(const struct child *child, void *arg)
{
    (void)child;
    (void)arg;
    return false;
}

static const char *
log_dir(void *arg)
{
    const struct fixture *f = arg;

    return f->log_dir;
}

static json_t *
slice(const struct child *child, void *arg)
{
    const struct fixture *f = arg;

    return json_pack("{ss* ss ss ss*}", "webdriver_url", f->webdriver_url, "type", "config",
                     "worker",
                     child->idle            ? "none"
                     : child->worker_wanted ? "running"
                                            : "stopped",
                     "browser_mark", f->mark);
}

static void
changed(struct child *child, void *arg)
{
    struct fixture *f = arg;

    (void)child;
    f->changes++;
}

static void
audited(struct child *child, const json_t *message, void *arg)
{
    struct fixture *f = arg;

    (void)child;
    json_decref(f->audit);
    f->audit = json_deep_copy(message);
}

static void
replied(struct child *child, const json_t *reply, void *arg)
{
    struct fixture *f = arg;

    (void)child;
    f->replies += json_is_integer(json_object_get(reply, "id"));
}

static inline int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    f->peer = f->logs = -1;
    f->log_dir = "";
    f->workshop = (struct workshop_config){.slug = "bennys",
                                           .name = "Bennys",
                                           .active = true,
                                           .host = "127.0.0.1",
                                           .stop_timeout_s = 1,
                                           .erp_system = "file"};
    f->host = (struct child_host){.base = f->base,
                                  .worker_path = "/nowhere/worker",
                                  .kill_pause_ms = KILL_PAUSE_MS,
                                  .spawn = fake_spawn,
                                  .slice = slice,
                                  .own_driver = own_driver,
                                  .log_dir = log_dir,
                                  .changed = changed,
                                  .replied = replied,
                                  .audited = audited,
                                  .arg = f};
    f->child = child_new(&f->host, &f->workshop);
    current = f;
    *state = f;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct fixture *f = *state;

    child_free(f->child);
    if (f->logs >= 0)
        close(f->logs);
    if (f->peer >= 0)
        close(f->peer);
    event_base_free(f->base);
    json_decref(f->audit);
    free(f);
    return 0;
}

static inline void
turn(struct fixture *f)
{
    for (int i = 0; i < 5; i++)
        event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static inline void
say(struct fixture *f, const char *line)
{
    assert_int_equal(write(f->peer, line, strlen(line)), strlen(line));
    turn(f);
}

static inline const char *
heard(struct fixture *f)
{
    static char text[4096];
    ssize_t length;

    turn(f);
    length = read(f->peer, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static inline void
hang_up(struct fixture *f)
{
    close(f->peer);
    f->peer = -1;
    turn(f);
}

static inline void
get_ready(struct fixture *f)
{
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->state, CHILD_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Before any of them. */
static inline void
prepare(void)
{
    secret_start();
    signal(SIGPIPE, SIG_IGN);
}

#endif
