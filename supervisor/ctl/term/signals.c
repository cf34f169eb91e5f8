#include "supervisor/ctl/term/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/err.h"

int
signals_open(void)
{
    static const int awaited[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof awaited / sizeof *awaited; i++)
        sigaddset(&set, awaited[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        die_abort("cannot create a signalfd");
    return fd;
}

int
signals_take(int fd)
{
    struct signalfd_siginfo one;

    return read(fd, &one, sizeof one) == (ssize_t)sizeof one ? (int)one.ssi_signo : 0;
}
