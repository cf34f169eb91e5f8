/* Messages and log lines from a worker: nothing outside the tables of child_message.c is stored,
 * and each forwarded reply is exactly one reply. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/loop.h"
#include "supervisor/child/child.h"
#include "supervisor/control/forward.h"
#include "test/fuzz/fuzz.h"

#define NO_SUCH_PID 0x3ffffff0 /* above any pid_max: signals to it go nowhere */
#define ROUNDS 4

static struct event_base *base;
static struct workshop_config workshop = {.slug = "bennys",
                                          .name = "Bennys",
                                          .active = true,
                                          .host = "127.0.0.1",
                                          .stop_timeout_s = 1,
                                          .erp_system = "file"};
static int channel, logs;
static unsigned answers;

static int
pretend_spawn(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
              struct err *err)
{
    int pair[2], pipes[2];

    (void)path;
    (void)sockets;
    (void)err;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    REQUIRE(pipe2(pipes, O_NONBLOCK) == 0);
    channel = pair[1];
    logs = pipes[1];
    *spawned = (struct spawned){.pid = NO_SUCH_PID, .chan_fd = pair[0], .logs_fd = pipes[0]};
    return 0;
}

static json_t *
slice(const struct child *child, void *arg)
{
    (void)child;
    (void)arg;
    return json_pack("{s:s}", "type", "config");
}

static const char *
no_folder(void *arg)
{
    (void)arg;
    return "";
}

static void
on_changed(struct child *child, void *arg)
{
    (void)child;
    (void)arg;
}

/* As an HTTP server would send it. */
static void
check_reply(struct call *call, int status, const char *content_type, const char *body,
            size_t length)
{
    REQUIRE(status >= 200 && status <= 599 && body);
    REQUIRE((status != 204 && status != 205 && status != 304) || !length);
    REQUIRE(!content_type || (*content_type && !strpbrk(content_type, "\r\n")));
    REQUIRE(!strpbrk(call->header_name, "\r\n: ") && !strpbrk(call->header_value, "\r\n"));
    answers++;
}

static void
on_replied(struct child *child, const json_t *reply, void *arg)
{
    struct call *call = call_new("GET", "/alive", NULL, 0, NULL, NULL);
    unsigned before = answers;

    (void)child;
    (void)arg;
    call->send = check_reply;
    forward_answer(call, reply);
    REQUIRE(answers == before + 1);
}

static bool
has_own_driver(const struct child *child, void *arg)
{
    (void)child;
    (void)arg;
    return false;
}

static const struct child_host *
host(void)
{
    static struct child_host it = {.worker_path = "/nowhere/worker",
                                   .kill_pause_ms = CHILD_KILL_PAUSE_MS,
                                   .spawn = pretend_spawn,
                                   .slice = slice,
                                   .own_driver = has_own_driver,
                                   .log_dir = no_folder,
                                   .changed = on_changed,
                                   .replied = on_replied,
                                   .audited = on_replied};

    it.base = base;
    return &it;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    base = loop_new();
    return 0;
}

static void
check_child(const struct child *child)
{
    const char *text = child->status.alive;
    json_t *alive = text ? json_loads(text, 0, NULL) : NULL;

    REQUIRE(child->state < CHILD_STATES && !text == !alive && json_object_size(alive) <= 17);
    REQUIRE(!text || strlen(text) < (256u << 10));
    REQUIRE(strlen(child->last_error) < sizeof child->last_error);
    REQUIRE(child->waiting >= -1 && !child->killer && !child->left_open + child->left_open == 1);
    json_decref(alive);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    struct child *child = child_new(host(), &workshop);
    ssize_t written;

    fuzz_begin();
    child_start(child);
    written = write(choice % 4 ? channel : logs, data, size);
    REQUIRE(written == (ssize_t)size);
    for (int i = 0; i < ROUNDS; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    check_child(child);
    if (choice & 4)
        close(logs);
    close(channel);
    for (int i = 0; i < ROUNDS; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    child_reaped(child, 0);
    check_child(child);
    child_free(child);
    if (!(choice & 4))
        close(logs);
    return 0;
}
