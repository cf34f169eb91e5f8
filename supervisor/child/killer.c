/* The helper's pipe brings a number, or nothing. */
#include "supervisor/child/killer.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/loop.h"
#include "common/ipc/browser_kill.h"
#include "supervisor/system/spawn.h"

struct killer {
    int fd;
    struct event *event;
    void (*done)(unsigned ended, void *arg);
    void *arg;
};

static void
run(int fd, const char *mark)
{
    unsigned ended;

    /* With root's own group, /proc shows all processes; with another group (Group=) it hides them
     * from root without CAP_SYS_PTRACE (ProtectProc=invisible). */
    if (geteuid() == 0 && getegid() != 0 && setgid(0))
        _exit(1);
    ended = browser_kill_marked(mark);
    if (write(fd, &ended, sizeof ended) < 0)
        _exit(1);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
    struct killer *killer = arg;
    unsigned ended = 0;

    (void)what;
    if (read(fd, &ended, sizeof ended) != sizeof ended)
        ended = 0;
    killer->done(ended, killer->arg);
}

struct killer *
killer_start(struct event_base *base, const char *mark, void (*done)(unsigned ended, void *arg),
             void *arg, struct err *err)
{
    int fd = spawn_helper(run, mark, err);
    struct killer *killer;

    if (fd < 0)
        return NULL;
    killer = mem_alloc(sizeof *killer);
    *killer = (struct killer){.fd = fd, .done = done, .arg = arg};
    killer->event = loop_event(base, fd, EV_READ, on_end, killer);
    loop_add(killer->event, NULL);
    return killer;
}

void
killer_free(struct killer *killer)
{
    if (!killer)
        return;
    event_free(killer->event);
    close(killer->fd);
    free(killer);
}
