#include "supervisor/system/kept_sockets.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/http/listen_tcp.h"
#include "supervisor/system/notify.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static struct {
    char **names; /* of the descriptors from FIRST_FD on; NULL: taken */
    int count;
    bool left;
} kept;

static int
passed_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

    return pid && count && strtol(pid, NULL, 10) == getpid() ? (int)strtol(count, NULL, 10) : 0;
}

void
kept_sockets_open(void)
{
    char *names = mem_string(getenv("LISTEN_FDNAMES") ?: ""), *rest = names;

    kept.count = passed_count();
    if (kept.count > 0)
        kept.names = mem_alloc((size_t)kept.count * sizeof *kept.names);
    for (int i = 0; i < kept.count; i++) {
        fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC);
        fcntl(FIRST_FD + i, F_SETFL, O_NONBLOCK);
        kept.names[i] = mem_string(strsep(&rest, ":") ?: "");
    }
    free(names);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

static void
forget(int i)
{
    free(kept.names[i]);
    kept.names[i] = NULL;
}

int
kept_sockets_take(const char *name, const char *host, uint16_t port)
{
    for (int i = 0; i < kept.count; i++)
        if (kept.names[i] && strcmp(kept.names[i], name) == 0 &&
            listen_tcp_is_on(FIRST_FD + i, host, port)) {
            forget(i);
            return FIRST_FD + i;
        }
    return -1;
}

void
kept_sockets_close(void)
{
    for (int i = 0; i < kept.count; i++)
        if (kept.names[i]) {
            kept_sockets_remove(kept.names[i]);
            close(FIRST_FD + i);
            forget(i);
        }
    free(kept.names);
    kept.names = NULL;
    kept.count = 0;
}

void
kept_sockets_add(const char *name, int fd)
{
    char *state = mem_format("FDSTORE=1\nFDNAME=%s", name);

    notify_send_fd(state, fd);
    free(state);
}

void
kept_sockets_remove(const char *name)
{
    char *state = mem_format("FDSTOREREMOVE=1\nFDNAME=%s", name);

    if (!kept.left)
        notify_send(state);
    free(state);
}

void
kept_sockets_leave(void)
{
    kept.left = true;
}
