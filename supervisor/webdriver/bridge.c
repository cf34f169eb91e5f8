/* Its own loop: polls two descriptors, with a pause before a retry. */
#include "supervisor/webdriver/bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/http/listen_tcp.h"
#include "common/ipc/pass_fd.h"
#include "common/ipc/webdriver_link.h"

#define AGAIN_MS 250
#define NO_PROGRAM 127

struct bridge {
    struct sockaddr_un address;
    int ends, link; /* link -1: none */
    bool has_proxy; /* passed to the worker */
    unsigned owed;  /* sockets still to be passed */
};

static void
end_link(struct bridge *b)
{
    if (b->link >= 0)
        close(b->link);
    b->link = -1;
    b->has_proxy = false;
    b->owed = WEBDRIVER_LINK_SOCKETS;
}

/* The supervisor may be about to create it. */
static void
connect_link(struct bridge *b)
{
    end_link(b);
    b->link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (b->link >= 0 &&
        connect(b->link, (const struct sockaddr *)&b->address, sizeof b->address) != 0)
        end_link(b);
}

/* Takes over fd. */
static bool
pass(struct bridge *b, char kind, int fd)
{
    bool passed = fd >= 0 && pass_fd_send(b->link, kind, fd) == 0;

    if (fd >= 0)
        close(fd);
    return passed;
}

/* The previous one may still be open: of a worker that is exiting. */
static void
pass_proxy(struct bridge *b)
{
    struct err err;

    b->has_proxy = pass(b, WEBDRIVER_LINK_PROXY,
                        listen_tcp(WEBDRIVER_LINK_PROXY_HOST, WEBDRIVER_LINK_PROXY_PORT, &err));
}

static void
pass_requests(struct bridge *b)
{
    while (b->owed &&
           pass(b, WEBDRIVER_LINK_REQUEST, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)))
        b->owed--;
}

static bool
is_settled(struct bridge *b)
{
    if (b->link < 0)
        connect_link(b);
    if (b->link >= 0 && !b->has_proxy)
        pass_proxy(b);
    if (b->has_proxy)
        pass_requests(b);
    return b->has_proxy && !b->owed;
}

static void
read_link(struct bridge *b)
{
    char byte;
    ssize_t got = recv(b->link, &byte, sizeof byte, MSG_DONTWAIT);

    if (got > 0 && b->owed < WEBDRIVER_LINK_SOCKETS)
        b->owed++;
    else if (got >= 0 || errno != EAGAIN)
        end_link(b);
}

static bool
has_ended(const struct bridge *b, pid_t driver)
{
    struct signalfd_siginfo told;
    int status;

    if (read(b->ends, &told, sizeof told) < 0 || waitpid(driver, &status, WNOHANG) != driver)
        return false;
    if (WIFSIGNALED(status))
        log_error("the WebDriver server was killed by signal %d", WTERMSIG(status));
    else
        log_error("the WebDriver server exited with status %d", WEXITSTATUS(status));
    return true;
}

static pid_t
start_driver(char *const command[])
{
    pid_t self = getpid(), pid = fork();
    sigset_t none;

    if (pid)
        return pid;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == self)
        execvp(command[0], command);
    log_error("%s: %s", command[0], strerror(errno));
    _exit(NO_PROGRAM);
}

static int
hear_of_children(void)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    return sigprocmask(SIG_BLOCK, &child, NULL) ? -1
                                                : signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
bridge_run(const char *path, char *const command[])
{
    struct bridge b = {.address = {.sun_family = AF_UNIX}, .link = -1};
    pid_t driver;

    if (strlen(path) >= sizeof b.address.sun_path)
        return EX_USAGE;
    text_copy(b.address.sun_path, sizeof b.address.sun_path, path);
    b.ends = hear_of_children();
    driver = b.ends < 0 ? -1 : start_driver(command);
    if (driver < 0)
        return EX_OSERR;
    for (;;) {
        int pause_ms = is_settled(&b) ? -1 : AGAIN_MS;
        struct pollfd waits[] = {{.fd = b.ends, .events = POLLIN},
                                 {.fd = b.link, .events = POLLIN}};

        if (poll(waits, 2, pause_ms) < 0 && errno != EINTR)
            return EX_OSERR;
        if (waits[0].revents && has_ended(&b, driver))
            return EX_UNAVAILABLE;
        if (waits[1].revents)
            read_link(&b);
    }
}
