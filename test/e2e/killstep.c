/* Preloaded into pumplinectl: it dies before the nth call that changes a name on disk or sends
 * something to the daemon. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void
step(void)
{
    static long left = -1;
    const char *text = getenv("KILLSTEP");

    if (left < 0)
        left = text ? atol(text) : 0;
    if (left && --left == 0)
        kill(getpid(), SIGKILL);
}

#define STEP(result, name, parameters, arguments)                                                  \
    result name parameters                                                                         \
    {                                                                                              \
        result(*next) parameters = (result(*) parameters)dlsym(RTLD_NEXT, #name);                  \
                                                                                                   \
        step();                                                                                    \
        return next arguments;                                                                     \
    }

STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(int, link, (const char *from, const char *to), (from, to))
STEP(int, unlink, (const char *path), (path))
STEP(int, rmdir, (const char *path), (path))
STEP(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
