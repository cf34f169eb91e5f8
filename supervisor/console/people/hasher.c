#include "supervisor/console/people/hasher.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/sandbox/sandbox.h"

/* One message each way. */
struct job {
    bool make, good;
    char password[ACCOUNT_PASSWORD_MAX + 1], hash[ACCOUNT_HASH_BYTES];
};

struct waiting {
    TAILQ_ENTRY(waiting) link;
    struct job job;
    hasher_fn *done;
    void *arg;
};

struct hasher {
    int fd;
    struct event *readable;
    TAILQ_HEAD(, waiting) queue; /* the first one is being worked on */
    unsigned count;
    void (*on_gone)(void *arg);
    void *arg;
};

/* --- the process --- */

static void
work(struct job *job, const char *nobodys)
{
    if (job->make)
        job->good = account_hash(job->password, job->hash) == 0;
    else if (*job->hash)
        job->good = account_hash_fits(job->hash, job->password);
    else
        job->good = account_hash_fits(nobodys, job->password) && false;
}

static int
serve(int fd)
{
    char nobodys[ACCOUNT_HASH_BYTES];
    struct job job;

    if (account_hash("", nobodys))
        return EX_OSERR;
    while (recv(fd, &job, sizeof job, 0) == (ssize_t)sizeof job) {
        work(&job, nobodys);
        secret_wipe(job.password, sizeof job.password);
        if (send(fd, &job, sizeof job, MSG_NOSIGNAL) != (ssize_t)sizeof job)
            break;
    }
    return EX_OK;
}

static int
run(int fd, const char *mode, pid_t console)
{
    const struct sandbox_setup setup = {.mode = mode, .supervisor_pid = console};
    struct err err = {0};

    if (sandbox_enter(&setup, &err) || sandbox_alone(&err)) {
        log_error("%s", err.text);
        return EX_CONFIG;
    }
    return serve(fd);
}

int
hasher_start(const char *sandbox_mode)
{
    pid_t console = getpid(), pid;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) || (pid = fork()) < 0)
        die_abort("cannot start the password process");
    if (!pid) {
        close(ends[0]);
        _exit(run(ends[1], sandbox_mode, console));
    }
    close(ends[1]);
    return ends[0];
}

/* --- its client --- */

static void
send_first(struct hasher *hasher)
{
    struct waiting *first = TAILQ_FIRST(&hasher->queue);

    if (first && send(hasher->fd, &first->job, sizeof first->job, MSG_NOSIGNAL) < 0)
        hasher->on_gone(hasher->arg);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct hasher *hasher = arg;
    struct waiting *first = TAILQ_FIRST(&hasher->queue);
    struct job job;

    (void)what;
    if (recv(fd, &job, sizeof job, MSG_DONTWAIT) != (ssize_t)sizeof job || !first) {
        event_del(hasher->readable);
        hasher->on_gone(hasher->arg);
        return;
    }
    TAILQ_REMOVE(&hasher->queue, first, link);
    hasher->count--;
    send_first(hasher);
    first->done(job.good, job.hash, first->arg);
    secret_wipe(&first->job, sizeof first->job);
    free(first);
}

static int
enqueue(struct hasher *hasher, bool make, const char *password, const char *hash, hasher_fn *done,
        void *arg)
{
    struct waiting *waiting;

    if (hasher->count >= HASHER_WAITING_MAX)
        return -1;
    waiting = mem_alloc(sizeof *waiting);
    waiting->job.make = make;
    text_copy(waiting->job.password, sizeof waiting->job.password, password);
    text_copy(waiting->job.hash, sizeof waiting->job.hash, hash ? hash : "");
    waiting->done = done;
    waiting->arg = arg;
    TAILQ_INSERT_TAIL(&hasher->queue, waiting, link);
    if (hasher->count++ == 0)
        send_first(hasher);
    return 0;
}

int
hasher_check(struct hasher *hasher, const char *password, const char *hash, hasher_fn *done,
             void *arg)
{
    return enqueue(hasher, false, password, hash, done, arg);
}

int
hasher_make(struct hasher *hasher, const char *password, hasher_fn *done, void *arg)
{
    return enqueue(hasher, true, password, NULL, done, arg);
}

struct hasher *
hasher_new(struct event_base *base, int fd, void (*on_gone)(void *arg), void *arg)
{
    struct hasher *hasher = mem_alloc(sizeof *hasher);

    *hasher = (struct hasher){.fd = fd, .on_gone = on_gone, .arg = arg};
    TAILQ_INIT(&hasher->queue);
    hasher->readable = loop_event(base, fd, EV_READ | EV_PERSIST, on_readable, hasher);
    event_add(hasher->readable, NULL);
    return hasher;
}

void
hasher_free(struct hasher *hasher)
{
    struct waiting *first;

    while ((first = TAILQ_FIRST(&hasher->queue))) {
        TAILQ_REMOVE(&hasher->queue, first, link);
        secret_wipe(&first->job, sizeof first->job);
        free(first);
    }
    event_free(hasher->readable);
    close(hasher->fd);
    free(hasher);
}
