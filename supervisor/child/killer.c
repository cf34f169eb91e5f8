/* A pipe on which a number comes, or nothing. */
#include "supervisor/child/killer.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/ipc/browser_kill.h"
#include "supervisor/system/spawn.h"

struct sweeper {
    int fd;
    struct event *event;
    void (*done)(unsigned ended, void *arg);
    void *arg;
};

static void
run(int fd, const char *mark)
{
    unsigned ended;

    /* From root's own group /proc hides nothing, where it hides others' processes from root without
     * CAP_SYS_PTRACE (ProtectProc=invisible) that has another group (Group=). */
    if (geteuid() == 0 && getegid() != 0 && setgid(0))
        _exit(1);
    ended = sweep_browsers(mark);
    if (write(fd, &ended, sizeof ended) < 0)
        _exit(1);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
    struct sweeper *sweeper = arg;
    unsigned ended = 0;

    (void)what;
    if (read(fd, &ended, sizeof ended) != sizeof ended)
        ended = 0;
    sweeper->done(ended, sweeper->arg);
}

struct sweeper *
sweeper_start(struct event_base *base, const char *mark, void (*done)(unsigned ended, void *arg),
              void *arg, struct err *err)
{
    int fd = spawn_helper(run, mark, err);
    struct sweeper *sweeper;

    if (fd < 0)
        return NULL;
    sweeper = mem_alloc(sizeof *sweeper);
    *sweeper = (struct sweeper){.fd = fd, .done = done, .arg = arg};
    sweeper->event = event_new(base, fd, EV_READ, on_end, sweeper);
    if (!sweeper->event || event_add(sweeper->event, NULL))
        die_abort("no memory for an event");
    return sweeper;
}

void
sweeper_free(struct sweeper *sweeper)
{
    if (!sweeper)
        return;
    event_free(sweeper->event);
    close(sweeper->fd);
    free(sweeper);
}
