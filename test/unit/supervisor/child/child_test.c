/* A child's states, with a process that is only a socket. */
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

#define NO_SUCH_PID 0x3ffffff0 /* above any pid_max: signals to it go nowhere */
#define STATUS(code) ((code) << 8)

struct fixture {
    struct event_base *base;
    struct child_host host;
    struct workshop_config workshop;
    struct child *child;
    int peer; /* the process's end of the channel */
    int spawns, fail_spawns, replies, changes;
    int logs; /* the process's end of its log */
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
replied(struct child *child, const json_t *reply, void *arg)
{
    struct fixture *f = arg;

    (void)child;
    f->replies += json_is_integer(json_object_get(reply, "id"));
}

static int
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
                                  .spawn = fake_spawn,
                                  .slice = slice,
                                  .own_driver = own_driver,
                                  .log_dir = log_dir,
                                  .changed = changed,
                                  .replied = replied,
                                  .arg = f};
    f->child = child_new(&f->host, &f->workshop);
    current = f;
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    child_free(f->child);
    if (f->logs >= 0)
        close(f->logs);
    if (f->peer >= 0)
        close(f->peer);
    event_base_free(f->base);
    free(f);
    return 0;
}

static void
turn(struct fixture *f)
{
    for (int i = 0; i < 5; i++)
        event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static void
say(struct fixture *f, const char *line)
{
    assert_int_equal(write(f->peer, line, strlen(line)), strlen(line));
    turn(f);
}

static const char *
heard(struct fixture *f)
{
    static char text[4096];
    ssize_t length;

    turn(f);
    length = read(f->peer, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void
hang_up(struct fixture *f)
{
    close(f->peer);
    f->peer = -1;
    turn(f);
}

static void
get_ready(struct fixture *f)
{
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->state, CHILD_RUNNING);
}

static void
the_configuration_comes_first(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"running\"}\n");
}

static void
a_ready_one_is_restarted_at_once(void **state)
{
    struct fixture *f = *state;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 1);
    assert_int_equal(f->child->last_exit.signal, 11);
    assert_int_equal(f->child->last_exit.code, -1);
    assert_int_equal(f->child->listen_fd, listen_fd);
    assert_int_equal(f->spawns, 2);
}

/* Ready, and dead a moment later, again and again. */
static void
a_few_short_lives_make_it_wait(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    for (int life = 0; life < 3; life++) {
        hang_up(f);
        child_reaped(f->child, 11);
        assert_int_equal(f->child->state, CHILD_STARTING);
        say(f, "{\"type\":\"ready\"}\n");
        assert_int_equal(f->child->state, CHILD_RUNNING);
    }
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_int_equal(f->spawns, 4);
    child_start(f->child); /* somebody does not want to wait */
    say(f, "{\"type\":\"ready\"}\n");
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"ready\"}\n");
    f->child->ready_ms -= 60000; /* this one lived long enough */
    hang_up(f);
    child_reaped(f->child, 11);
    assert_int_equal(f->child->short_lives, 0);
}

/* Whoever watches hears of every push. */
static void
each_push_is_told(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    say(f, "{\"type\":\"ready\"}\n");
    for (int i = 0; i < 3; i++) {
        int before = f->changes;

        say(f, "{\"type\":\"status\",\"alive\":{\"queue_length\":1}}\n");
        assert_int_equal(f->changes, before + 1);
    }
    assert_int_equal(json_integer_value(json_object_get(f->child->alive, "queue_length")), 1);
}

static char *
file_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
    return text;
}

static void
log_text(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->logs, text, strlen(text)), strlen(text));
    turn(f);
}

static void
expect_line(const char *path, const char *head, const char *rest)
{
    char *text = file_text(path), *at = strstr(text, rest);

    if (!at || strncmp(text, head, strlen(head)) || strchr(text, '\n')[1])
        fail_msg("%s", text);
}

/* Whatever a process writes, the line is its workshop's; it has no descriptor of the log. */
static void
what_a_process_logs_is_its_workshops(void **state)
{
    struct fixture *f = *state;
    char folder[] = "/tmp/child_test.XXXXXX", api[64], lines[64], errors[64];
    int fd, kept = dup(STDERR_FILENO);

    assert_non_null(mkdtemp(folder));
    snprintf(api, sizeof api, "%s/bennys_api.log", folder);
    snprintf(lines, sizeof lines, "%s/bennys_create_orderline.log", folder);
    snprintf(errors, sizeof errors, "%s/stderr", folder);
    f->log_dir = folder;
    child_reopen_logs(f->child); /* no process: nothing is opened */
    assert_int_equal(access(api, F_OK), -1);
    child_start(f->child);
    fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
    log_text(f, "61\tu-1\tplaced");
    assert_string_equal(file_text(errors), ""); /* no whole line */
    log_text(f, "\n");
    expect_line(errors, "Bennys: [u-1] ", "Z INFO placed\n");
    assert_string_equal(file_text(api), file_text(errors));
    assert_int_equal(truncate(errors, 0), 0);
    unlink(api);
    child_reopen_logs(f->child);
    log_text(f, "42\t\tto its file\n");
    expect_line(lines, "Bennys: 2", "Z WARNING to its file\n");
    assert_string_equal(file_text(api), "");
    assert_int_equal(truncate(errors, 0), 0);
    log_text(f, "pumplined: 2026-11-28T10:00:00.000Z INFO all is well\n");
    expect_line(errors, "Bennys: 2", "Z WARNING pumplined: 2026-");
    assert_int_equal(truncate(errors, 0), 0);
    log_text(f, "3\1\t\tx\x1b[2J\x9b\n");
    expect_line(errors, "Bennys: 2", "Z WARNING 3");
    assert_null(strchr(file_text(errors), '\x1b'));
    assert_int_equal(truncate(errors, 0), 0);
    assert_int_equal(write(f->logs, "last words", 10), 10);
    hang_up(f);
    child_reaped(f->child, STATUS(1));
    assert_non_null(strstr(file_text(errors), "WARNING last words\n"));
    dup2(kept, STDERR_FILENO);
    close(kept);
    unlink(errors);
    unlink(api);
    unlink(lines);
    assert_int_equal(rmdir(folder), 0);
}

static void
one_that_was_never_ready_waits(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(1));
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(f->child->last_error,
                        "process 1073741808 ended: exit status 1, before it was ready");
    event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->failures, 1);
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->failures, 0);
    assert_string_equal(f->child->last_error, "");
}

static void
a_refused_configuration_is_final_until_start(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_int_equal(f->child->listen_fd, -1);
    get_ready(f);
}

static void
a_refusal_says_why(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    say(f, "{\"type\":\"refused\",\"reason\":\"no Landlock\\u0007 here\"}\n");
    child_reaped(f->child, STATUS(78));
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_string_equal(f->child->last_error, "no Landlock  here");
}

static void
last_words_count(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    assert_int_equal(write(f->peer, "{\"type\":\"killed\"}\n", 18), 18);
    child_reaped(f->child, 9); /* before the channel was read */
    assert_int_equal(f->child->state, CHILD_STOPPING);
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->wanted, CHILD_DOWN);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->spawns, 1);
}

static void
stop_closes_the_listener_first(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    heard(f);
    child_stop(f->child);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_string_equal(heard(f), "{\"type\":\"stop\"}\n");
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->restarts, 0);
    assert_true(child_at_rest(f->child));
}

static void
start_while_stopping_comes_after_the_end(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    child_stop(f->child);
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

static void
restart_keeps_the_listener_and_is_no_failure(void **state)
{
    struct fixture *f = *state;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    child_restart(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_int_equal(f->child->listen_fd, listen_fd);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 0);
}

static void
stop_in_backoff_ends_it(void **state)
{
    struct fixture *f = *state;

    f->fail_spawns = 1;
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(f->child->last_error, "cannot fork");
    child_stop(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->spawns, 0);
}

static void
a_busy_port_is_tried_again(void **state)
{
    struct fixture *f = *state;

    f->workshop.port = 1;
    strcpy(f->workshop.host, "192.0.2.1"); /* nobody's address */
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_non_null(strstr(f->child->last_error, "cannot listen on 192.0.2.1:1: "));
    strcpy(f->workshop.host, "127.0.0.1");
    f->workshop.port = 0;
    event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->child->state, CHILD_STARTING);
}

static void
a_stopped_worker_stays_stopped(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"stopped\"}}\n");
    hang_up(f);
    child_reaped(f->child, 9);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"stopped\"}\n");
    say(f, "{\"type\":\"ready\"}\n");
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"parked\"}}\n");
    assert_true(f->child->worker_wanted);
    child_stop(f->child); /* what it says of its worker on its way out is nobody's wish */
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"stopped\"}}\n");
    assert_true(f->child->worker_wanted);
}

static void
calls_go_to_a_running_one_alone(void **state)
{
    struct fixture *f = *state;
    json_t *message = json_pack("{ss}", "type", "call");

    child_start(f->child);
    assert_false(child_send(f->child, message));
    say(f, "{\"type\":\"ready\"}\n");
    heard(f);
    assert_true(child_send(f->child, message));
    assert_string_equal(heard(f), "{\"type\":\"call\"}\n");
    say(f, "{\"type\":\"reply\",\"id\":1}\n{\"type\":\"nonsense\"}\n{}\n");
    assert_int_equal(f->replies, 1);
    child_kill(f->child);
    assert_false(child_send(f->child, message));
    json_decref(message);
}

static void
broken_framing_ends_it(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    say(f, "no json\n");
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_null(f->child->chan);
}

static void
a_program_that_can_not_be_executed_is_named(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    hang_up(f);
    child_reaped(f->child, STATUS(SPAWN_EXEC_FAILED));
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_string_equal(
        f->child->last_error,
        "process 1073741808 cannot execute /nowhere/worker: No such file or directory");
}

static void
another_configuration_closes_the_listener_of_another_address(void **state)
{
    struct fixture *f = *state;
    struct workshop_config other = f->workshop;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    other.retention_days = 7;
    child_configure(f->child, &other);
    assert_ptr_equal(f->child->workshop, &other);
    assert_int_equal(f->child->listen_fd, listen_fd);
    strcpy(f->workshop.host, "127.0.0.2");
    child_configure(f->child, &f->workshop);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->child->state, CHILD_RUNNING);
    child_restart(f->child);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

static void
maintain(struct fixture *f)
{
    struct err err;

    f->without_listener = true;
    assert_int_equal(child_maintain(f->child, &err), 0);
    f->without_listener = false;
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->waiting, -1);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"none\"}\n");
}

static void
end(struct fixture *f, int status)
{
    hang_up(f);
    child_reaped(f->child, status);
}

static void
maintenance_tells_what_waits(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    say(f, "{\"type\":\"bye\",\"waiting\":3}\n");
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->wanted, CHILD_DOWN);
    assert_int_equal(f->child->waiting, 3);
    assert_int_equal(f->child->restarts, 0);
    maintain(f);
    end(f, STATUS(74));
    assert_true(child_at_rest(f->child));
    assert_int_equal(f->child->waiting, -1);
    assert_int_equal(f->spawns, 2);
}

static void
maintenance_is_for_one_at_rest(void **state)
{
    struct fixture *f = *state;
    struct err err;

    get_ready(f);
    assert_int_equal(child_maintain(f->child, &err), -1);
    assert_int_equal(f->spawns, 1);
    child_stop(f->child);
    say(f, "{\"type\":\"bye\",\"waiting\":7}\n");
    end(f, 0);
    assert_int_equal(f->child->waiting, 7);
    f->fail_spawns = 1;
    f->without_listener = true;
    assert_int_equal(child_maintain(f->child, &err), -1);
    assert_string_equal(err.text, "cannot fork");
    assert_int_equal(f->child->state, CHILD_STOPPED);
}

static void
maintenance_leaves_a_failed_one_failed(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    maintain(f);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_int_equal(f->child->wanted, CHILD_UP);
    assert_non_null(strstr(f->child->last_error, "status 78"));
}

static void
a_start_comes_after_maintenance(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->spawns, 1);
    end(f, STATUS(74)); /* whatever became of it */
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 0);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"running\"}\n");
    say(f, "{\"type\":\"ready\"}\n");
    assert_int_equal(f->child->state, CHILD_RUNNING);
}

static void
a_restart_comes_after_maintenance_and_a_stop_ends_it(void **state)
{
    struct fixture *f = *state;

    maintain(f);
    child_restart(f->child);
    assert_int_equal(f->child->state, CHILD_STARTING);
    child_stop(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    maintain(f);
    child_restart(f->child);
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

/* Ends a ready process that said `bye` (NULL: nothing) as a person's kill. */
static void
kill_ready(struct fixture *f, const char *bye)
{
    get_ready(f);
    heard(f);
    child_kill(f->child);
    if (bye)
        say(f, bye);
    f->without_listener = true;
    end(f, SIGKILL);
    f->without_listener = false;
}

static void
what_is_left_open_is_closed_when_nobody_comes_back(void **state)
{
    struct fixture *f = *state;

    f->workshop.erp_system = "webdriver";
    kill_ready(f, NULL);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"none\"}\n");
    end(f, 0); /* once is enough, whatever came of it */
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 2);
    kill_ready(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":true}\n");
    assert_int_equal(f->child->state, CHILD_STARTING);
    say(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":true}\n");
    end(f, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 4);
}

static void
nothing_is_closed_where_nothing_is_open(void **state)
{
    struct fixture *f = *state;

    kill_ready(f, NULL); /* a system whose sessions end with the worker */
    assert_int_equal(f->child->state, CHILD_STOPPED);
    f->workshop.erp_system = "webdriver";
    kill_ready(f, "{\"type\":\"bye\",\"waiting\":0,\"open\":false}\n");
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->spawns, 2);
    get_ready(f);
    end(f, SIGSEGV); /* its successor does it */
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_non_null(strstr(heard(f), "running"));
}

static void
a_failed_one_is_tidied_and_stays_failed(void **state)
{
    struct fixture *f = *state;

    f->workshop.erp_system = "webdriver";
    child_start(f->child);
    f->without_listener = true;
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->spawns, 2);
    end(f, STATUS(78));
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_non_null(strstr(f->child->last_error, "status 78"));
    assert_int_equal(f->spawns, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* What it says next, whenever it comes. */
static const char *
heard_later(struct fixture *f)
{
    const char *text = heard(f);

    for (int i = 0; !*text && i < 10000; i++, text = heard(f))
        usleep(1000);
    return text;
}

/* Whatever it says itself, it is its own that are ended. */
static void
its_browsers_are_ended(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES], another[BROWSER_MARK_BYTES], line[128];
    struct marked own, foreign;

    marked_start();
    browser_mark_new(mark);
    browser_mark_new(another);
    own = marked_new(BROWSER_MARK_SWITCH, mark, "");
    foreign = marked_new(BROWSER_MARK_SWITCH, another, "");
    f->mark = mark;
    child_start(f->child);
    heard(f);
    snprintf(line, sizeof line, "{\"type\":\"kill_browsers\",\"browser_mark\":\"%s\"}\n", another);
    say(f, line);
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":1}\n");
    marked_assert_killed(&own);
    marked_assert_alive(&foreign);
    marked_end(&foreign);
}

/* A successor asks while the one before it is still being served. */
static void
those_that_ask_at_once_get_one_answer(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES];
    struct marked own;

    marked_start();
    browser_mark_new(mark);
    f->mark = mark;
    child_start(f->child);
    heard(f);
    own = marked_new(BROWSER_MARK_SWITCH, mark, "");
    say(f, "{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_"
           "browsers\"}\n");
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":1}\n");
    marked_assert_killed(&own);
    assert_null(f->child->killer);
    say(f, "{\"type\":\"kill_browsers\"}\n");
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
}

/* Each takes a process: one that asks and asks gets one a second. */
static void
kills_come_at_their_pace(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES];
    int64_t begin_ms = clock_monotonic_ms();

    browser_mark_new(mark);
    f->mark = mark;
    child_start(f->child);
    heard(f);
    for (int i = 0; i < 4; i++) {
        say(f, "{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_browsers\"}\n");
        assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
    }
    assert_true(clock_monotonic_ms() - begin_ms >= 2900);
}

/* Of what it says of itself only what is known is kept, where it is what it should be. */
static void
a_status_is_what_it_should_be(void **state)
{
    struct fixture *f = *state;
    char *kept;

    get_ready(f);
    say(f, "{\"type\":\"status\",\"alive\":{\"queue_length\":7,\"x\":[[],[]],\"worker\":{},"
           "\"orders\":{\"placed\":-1,\"error\":2,\"y\":{}},\"worker_reason\":null,"
           "\"oldest_placed_age_s\":\"long\"}}\n");
    kept = json_dumps(f->child->alive, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(kept,
                        "{\"orders\":{\"error\":2},\"queue_length\":7,\"worker_reason\":null}");
    free(kept);
    say(f, "{\"type\":\"status\",\"alive\":[]}\n");
    assert_int_equal(json_integer_value(json_object_get(f->child->alive, "queue_length")), 7);
    child_stop(f->child);
    say(f, "{\"type\":\"bye\",\"waiting\":-5}\n");
    assert_int_equal(f->child->waiting, -1);
}

static void
a_status_of_many_values_ends_it(void **state)
{
    struct fixture *f = *state;
    char line[4096] = "{\"type\":\"status\",\"alive\":{\"x\":[";

    get_ready(f);
    while (strlen(line) < sizeof line - 16)
        strcat(line, "[],");
    strcat(line, "[]]}}\n");
    say(f, line);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_null(f->child->chan);
}

/* The next process would call itself running, and nobody would get through to it. */
static void
a_listener_that_was_shut_down_is_bound_anew(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    get_ready(f);
    assert_int_equal(getsockname(f->child->listen_fd, (struct sockaddr *)&address, &length), 0);
    f->workshop.port = ntohs(address.sin_port); /* the same again */
    assert_int_equal(shutdown(f->child->listen_fd, SHUT_RDWR), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
    child_reaped(f->child, 9);
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STARTING);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* As it is with one that drops whatever comes. */
static void
a_listener_with_a_filter_is_bound_anew(void **state)
{
    struct fixture *f = *state;
    struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {.len = 1, .filter = &drop};

    get_ready(f);
    assert_true(listen_sound(f->child->listen_fd));
    assert_int_equal(
        setsockopt(f->child->listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    assert_false(listen_sound(f->child->listen_fd));
    child_reaped(f->child, 9);
    hang_up(f);
    assert_true(listen_sound(f->child->listen_fd));
}

/* Names that stand in its configuration, and no others: they would tell somebody something. */
static void
names_are_those_of_its_configuration(void **state)
{
    struct fixture *f = *state;

    f->webdriver_url = "http://Browsers.example:9515/";
    child_start(f->child);
    heard(f);
    say(f, "{\"type\":\"resolve\",\"id\":1,\"name\":\"secret.attacker.example\"}\n");
    assert_non_null(strstr(heard(f), "is not in the workshop's configuration"));
    assert_true(LIST_EMPTY(&f->child->lookups));
    say(f, "{\"type\":\"resolve\",\"id\":2,\"name\":\"browsers.example\"}\n");
    assert_non_null(
        strstr(heard(f), "\"id\":2,\"addresses\":[],\"error\":\"/nowhere/worker: No such"));
    for (int i = 0; i < 10; i++)
        say(f, "{\"type\":\"resolve\",\"id\":3,\"name\":\"browsers.example\"}\n");
    assert_non_null(strstr(heard(f), "too many name lookups"));
}

static void
one_without_browsers_is_told_so(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    heard(f);
    say(f, "{\"type\":\"kill_browsers\"}\n");
    assert_string_equal(heard(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_configuration_comes_first),
        TEST(a_ready_one_is_restarted_at_once),
        TEST(a_few_short_lives_make_it_wait),
        TEST(each_push_is_told),
        TEST(what_a_process_logs_is_its_workshops),
        TEST(one_that_was_never_ready_waits),
        TEST(a_refused_configuration_is_final_until_start),
        TEST(a_refusal_says_why),
        TEST(last_words_count),
        TEST(stop_closes_the_listener_first),
        TEST(start_while_stopping_comes_after_the_end),
        TEST(restart_keeps_the_listener_and_is_no_failure),
        TEST(stop_in_backoff_ends_it),
        TEST(a_busy_port_is_tried_again),
        TEST(a_stopped_worker_stays_stopped),
        TEST(calls_go_to_a_running_one_alone),
        TEST(broken_framing_ends_it),
        TEST(a_program_that_can_not_be_executed_is_named),
        TEST(another_configuration_closes_the_listener_of_another_address),
        TEST(maintenance_tells_what_waits),
        TEST(maintenance_is_for_one_at_rest),
        TEST(maintenance_leaves_a_failed_one_failed),
        TEST(a_start_comes_after_maintenance),
        TEST(a_restart_comes_after_maintenance_and_a_stop_ends_it),
        TEST(what_is_left_open_is_closed_when_nobody_comes_back),
        TEST(nothing_is_closed_where_nothing_is_open),
        TEST(a_failed_one_is_tidied_and_stays_failed),
        TEST(its_browsers_are_ended),
        TEST(those_that_ask_at_once_get_one_answer),
        TEST(one_without_browsers_is_told_so),
        TEST(kills_come_at_their_pace),
        TEST(names_are_those_of_its_configuration),
        TEST(a_status_is_what_it_should_be),
        TEST(a_status_of_many_values_ends_it),
        TEST(a_listener_that_was_shut_down_is_bound_anew),
        TEST(a_listener_with_a_filter_is_bound_anew),
    };

    secret_start();
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
