/* Uses RUNTIME_DIRECTORY/webdriver/NAME/worker and systemctl. */
#include "supervisor/child/driver_unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "supervisor/system/listen.h"
#include "supervisor/system/spawn.h"

#define BACKLOG 4
#define COMPLAINT_BYTES 512
#define HASH_CHARACTERS 16

struct driver_unit {
    struct event_base *base;
    char name[DRIVER_UNIT_NAME_BYTES];
    char *slug, *unit;
    int listen_fd;    /* -1: down */
    const char *next; /* action under way in systemctl; NULL: none */
    int systemctl;    /* its stderr; -1: not running */
    bool freed;       /* by its owner: only `next` is left to do */
    struct event *says;
};

static const char *
template_name(void)
{
    return getenv("PUMPLINE_WEBDRIVER_UNIT") ?: "";
}

bool
driver_unit_possible(void)
{
    return *template_name() && getenv("RUNTIME_DIRECTORY");
}

/* Shortened names have a length that no other name has. */
void
driver_unit_name(const char *slug, char name[DRIVER_UNIT_NAME_BYTES])
{
    char hash[SECRET_HASH_TEXT_BYTES];

    if (strlen(slug) < DRIVER_UNIT_NAME_BYTES - 1) {
        text_copy(name, DRIVER_UNIT_NAME_BYTES, slug);
        return;
    }
    secret_token_hash(slug, hash);
    snprintf(name, DRIVER_UNIT_NAME_BYTES, "%.*s-%.*s",
             DRIVER_UNIT_NAME_BYTES - 2 - HASH_CHARACTERS, slug, HASH_CHARACTERS, hash);
}

/* --- systemctl --- */

static void run(struct driver_unit *u, const char *verb);

static void
destroy(struct driver_unit *u)
{
    if (u->systemctl >= 0) {
        event_free(u->says);
        close(u->systemctl);
    }
    free(u->slug);
    free(u->unit);
    free(u);
}

static void
on_said(evutil_socket_t fd, short what, void *arg)
{
    struct driver_unit *u = arg;
    char text[COMPLAINT_BYTES];
    ssize_t got = read((int)fd, text, sizeof text - 1);
    const char *verb = u->next;

    (void)what;
    if (got > 0) {
        text[got] = '\0';
        text_clean(text);
        log_warning("systemctl %s: %s", u->unit, text);
        return;
    }
    event_free(u->says);
    close(u->systemctl);
    u->systemctl = -1;
    u->next = NULL;
    if (verb)
        run(u, verb);
    if (u->freed)
        destroy(u);
}

static void
run(struct driver_unit *u, const char *verb)
{
    struct err err;

    if (u->systemctl >= 0) {
        u->next = u->next && strcmp(verb, "start") == 0 && strcmp(u->next, "restart") == 0 ? u->next
                                                                                           : verb;
        return;
    }
    u->systemctl = spawn_systemctl(verb, u->unit, &err);
    if (u->systemctl < 0) {
        log_warning("%s: cannot run systemctl %s: %s", u->unit, verb, err.text);
        return;
    }
    u->says = loop_event(u->base, u->systemctl, EV_READ | EV_PERSIST, on_said, u);
    loop_add(u->says, NULL);
}

/* --- the socket --- */

/* RUNTIME_DIRECTORY/webdriver, or a path below it. The caller frees it. */
static char *
path_of(const char *below, const char *name)
{
    const char *folder = getenv("RUNTIME_DIRECTORY");

    return mem_format("%.*s/webdriver/%s%s", (int)strcspn(folder, ":"), folder, below, name);
}

static void
remove_socket(const struct driver_unit *u)
{
    char *folder = path_of(u->name, ""), *path = path_of(u->name, "/worker");

    unlink(path);
    rmdir(folder);
    free(path);
    free(folder);
}

static int
make_folder(const char *path, mode_t mode)
{
    return (mkdir(path, mode) && errno != EEXIST) || chmod(path, mode) ? -1 : 0;
}

static int
make_folders(const struct driver_unit *u)
{
    char *all = path_of("", ""), *own = path_of(u->name, "");
    int made = make_folder(all, 0700) || make_folder(own, 0755) ? -1 : 0;

    free(own);
    free(all);
    return made;
}

/* The unit's user is dynamic, so the parent folder keeps others out. */
static int
bind_socket(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    text_copy(address.sun_path, sizeof address.sun_path, path);
    return bind(fd, (const struct sockaddr *)&address, sizeof address) || chmod(path, 0666) ||
                   listen(fd, BACKLOG)
               ? -1
               : 0;
}

static int
make_socket(struct driver_unit *u, struct err *err)
{
    char *path = path_of(u->name, "/worker");
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    remove_socket(u);
    if (fd < 0 || make_folders(u) || bind_socket(fd, path)) {
        err_errno(err, "socket_failed", "cannot listen on %s", path);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(path);
    u->listen_fd = fd;
    return fd < 0 ? -1 : 0;
}

static void
close_socket(struct driver_unit *u)
{
    if (u->listen_fd < 0)
        return;
    close(u->listen_fd);
    u->listen_fd = -1;
    remove_socket(u);
}

/* The worker shares the socket, and may have shut it down: a Unix socket then stays in the
 * listening state, but refuses connections. */
static bool
is_sound(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};

    return listen_sound(fd) && poll(&one, 1, 0) >= 0 && !(one.revents & (POLLHUP | POLLRDHUP));
}

/* --- up and down --- */

int
driver_unit_up(struct driver_unit *u, struct err *err)
{
    bool there = u->listen_fd >= 0 && is_sound(u->listen_fd);

    if (!there) {
        close_socket(u);
        if (make_socket(u, err))
            return -1;
    }
    /* A running unit sees the removed folder. */
    run(u, there ? "start" : "restart");
    return u->listen_fd;
}

void
driver_unit_down(struct driver_unit *u)
{
    if (u->listen_fd < 0)
        return;
    close_socket(u);
    run(u, "stop");
}

static void
name_unit(struct driver_unit *u, const char *name)
{
    driver_unit_name(name, u->name);
    free(u->unit);
    u->unit = mem_format("%s%s.service", template_name(), u->name);
}

struct driver_unit *
driver_unit_new(struct event_base *base, const char *slug)
{
    struct driver_unit *u = mem_alloc(sizeof *u);

    *u = (struct driver_unit){
        .base = base, .slug = mem_string(slug), .listen_fd = -1, .systemctl = -1};
    name_unit(u, slug);
    return u;
}

/* No slug has an underscore. */
void
driver_unit_for_test(struct driver_unit *u)
{
    char *name = mem_format("%s_test", u->slug);

    name_unit(u, name);
    free(name);
}

/* A start may still be under way, which the stop must follow. */
void
driver_unit_free(struct driver_unit *u)
{
    driver_unit_down(u);
    u->freed = u->next != NULL;
    if (!u->freed)
        destroy(u);
}
