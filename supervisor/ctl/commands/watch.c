/* status --watch. On a terminal it redraws the alternate screen; otherwise it prints a new table,
 * or a line of JSON, at each change. The daemon's events trigger updates; without them it polls
 * every two seconds. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "supervisor/ctl/commands/status.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/net/stream.h"
#include "supervisor/ctl/term/keys.h"
#include "supervisor/ctl/term/signals.h"
#include "supervisor/ctl/term/text.h"

enum {
    POLL_MS = 2000,
    SELDOM_MS = 10000, /* if events report changes: ages also advance without one */
    GAP_MS = 200,      /* a burst of a thousand events gives one update */
    CALL_S = 5,        /* a hanging daemon must not keep us from exiting */
    LINES_AROUND = 6,  /* header, omitted rows, an empty line, the summary and room for it */
};

struct watch {
    struct ctl *ctl;
    char *path;
    int signals, awaited; /* awaited: signals and keys */
    bool terminal, away, ended;
    json_t *shown;         /* last state without volatile members; NULL: none yet */
    struct stream *stream; /* NULL: we poll */
    int64_t drawn_ms, due_ms;
};

static void
screen_enter(const struct watch *watch)
{
    struct epoll_event readable = {.events = EPOLLIN};

    if (!watch->terminal)
        return;
    if (keys_open())
        epoll_ctl(watch->awaited, EPOLL_CTL_ADD, STDIN_FILENO, &readable);
    fputs("\033[?1049h\033[?25l", stdout);
}

static void
screen_leave(const struct watch *watch)
{
    if (watch->terminal)
        fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    epoll_ctl(watch->awaited, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    keys_close();
}

static void
due_at(struct watch *watch, int64_t at_ms)
{
    if (at_ms < watch->due_ms)
        watch->due_ms = at_ms;
}

static void
on_event(const char *name, const char *data, void *arg)
{
    struct watch *watch = arg;

    (void)data;
    if (strcmp(name, "order")) /* the figures follow */
        due_at(watch, watch->drawn_ms + GAP_MS);
}

/* Ages change with the clock: they do not count as changes. */
static void
drop_ages(json_t *object)
{
    json_object_del(object, "uptime_s");
    json_object_del(object, "oldest_placed_age_s");
}

static json_t *
without_ages(const json_t *reply)
{
    json_t *copy = json_deep_copy(reply), *one;
    size_t i;

    if (!copy)
        abort();
    drop_ages(copy);
    json_array_foreach(json_object_get(copy, "integrations"), i, one) drop_ages(one);
    return copy;
}

static void
screen_clear(struct watch *watch)
{
    size_t lines = screen_lines();

    watch->ctl->screen = screen_open();
    watch->ctl->screen.rows = lines > LINES_AROUND ? lines - LINES_AROUND : 1;
    fputs("\033[H\033[2J", stdout);
}

static void
draw(struct watch *watch, const json_t *reply)
{
    if (watch->ctl->options[OPTION_JSON]) {
        ctl_print_json(reply, false);
        return;
    }
    if (watch->terminal)
        screen_clear(watch);
    else if (watch->shown)
        putchar('\n');
    if (watch->ctl->args_count)
        status_print_one(watch->ctl, reply);
    else
        status_print_all(watch->ctl, reply);
}

static void
take_reply(struct watch *watch, json_t *reply)
{
    json_t *now = without_ages(reply);

    if (watch->terminal || !watch->shown || !json_equal(now, watch->shown))
        draw(watch, reply);
    json_decref(watch->shown);
    watch->shown = now;
    watch->away = false;
    json_decref(reply);
    if (!watch->stream)
        watch->stream = stream_open(watch->ctl->client, on_event, watch);
}

/* A restarting daemon comes back. */
static int
take_absence(struct watch *watch)
{
    const char *error = client_error(watch->ctl->client);

    if (!watch->shown) {
        text_complain("%s", error);
        return CTL_UNREACHED;
    }
    if (watch->terminal) {
        screen_clear(watch);
        text_say("%s; retrying", error);
    } else if (!watch->away)
        text_complain("%s; retrying", error);
    watch->away = true;
    return CTL_OK;
}

static int
look(struct watch *watch)
{
    json_t *reply;
    int status = client_call(watch->ctl->client, "GET", watch->path, NULL, &reply);
    int result = CTL_OK;

    if (status >= 400) {
        if (watch->shown)
            screen_leave(watch);
        watch->terminal = false;
        return ctl_refused(watch->ctl, status, reply);
    }
    if (!watch->shown && status >= 0)
        screen_enter(watch);
    if (status < 0)
        result = take_absence(watch);
    else
        take_reply(watch, reply);
    if (fflush(stdout))
        watch->ended = true;
    watch->drawn_ms = clock_monotonic_ms();
    watch->due_ms = watch->drawn_ms + (watch->stream && !watch->away ? SELDOM_MS : POLL_MS);
    return result;
}

/* Ctrl-Z: the shell must get its screen back. */
static void
suspend(struct watch *watch)
{
    screen_leave(watch);
    raise(SIGSTOP);
    screen_enter(watch);
    watch->due_ms = 0;
}

static void
take_signals(struct watch *watch)
{
    int number;

    while ((number = signals_take(watch->signals))) {
        if (number == SIGWINCH)
            watch->due_ms = 0;
        else if (number == SIGTSTP)
            suspend(watch);
        else
            watch->ended = true;
    }
}

static void
take_keys(struct watch *watch)
{
    int key;

    while ((key = keys_take()) > 0)
        watch->ended = watch->ended || key == 'q' || key == 'Q';
    if (key < 0)
        epoll_ctl(watch->awaited, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
}

/* One descriptor for signals and, while the screen is ours, keys. */
static int
awaited_open(const struct watch *watch)
{
    struct epoll_event readable = {.events = EPOLLIN};
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, watch->signals, &readable))
        die_abort("cannot wait for signals");
    return fd;
}

static void
wait_once(struct watch *watch, int timeout_ms)
{
    struct pollfd awaited = {.fd = watch->awaited, .events = POLLIN};

    if (!watch->stream) {
        poll(&awaited, 1, timeout_ms);
    } else if (!stream_wait(watch->stream, watch->awaited, timeout_ms)) {
        stream_close(watch->stream);
        watch->stream = NULL;
        due_at(watch, watch->drawn_ms + POLL_MS);
    }
    take_signals(watch);
    take_keys(watch);
}

static void
wait_until_due(struct watch *watch)
{
    int64_t left;

    while (!watch->ended && (left = watch->due_ms - clock_monotonic_ms()) > 0)
        wait_once(watch, (int)left);
}

int
status_watch(struct ctl *ctl)
{
    const char *term = getenv("TERM");
    struct watch watch = {.ctl = ctl, .signals = signals_open()};
    int result;

    watch.path = ctl->args_count ? ctl_path(ctl, NULL) : mem_string("/health");
    watch.terminal = isatty(STDOUT_FILENO) && !ctl->options[OPTION_JSON] && term && *term &&
                     strcmp(term, "dumb") != 0;
    watch.awaited = awaited_open(&watch);
    client_set_timeout(ctl->client, CALL_S);
    do {
        result = look(&watch);
        if (result == CTL_OK)
            wait_until_due(&watch);
    } while (result == CTL_OK && !watch.ended);
    if (watch.shown)
        screen_leave(&watch);
    stream_close(watch.stream);
    json_decref(watch.shown);
    free(watch.path);
    close(watch.awaited);
    close(watch.signals);
    return result;
}
