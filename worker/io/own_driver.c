/* One link at a time. Its peer runs browsers and may have been compromised by a page: what it
 * passes is not trusted, and a peer that breaks the rules is cut off for a while. */
#include "worker/io/own_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/ipc/pass_fd.h"
#include "common/ipc/webdriver_link.h"

#define PAUSE_MS 250 /* between the end of a link and the next one */

struct own_driver {
    int listen_fd, link; /* link -1: none */
    struct event *connects, *passes, *pause;
    struct event_base *base;
    bool has_browser; /* this link has passed its socket for the proxy */
    int sockets[WEBDRIVER_LINK_SOCKETS];
    size_t count;
    void (*browser)(int fd, void *arg);
    void *arg;
};

/* --- what is passed --- */

static int
option_of(int fd, int option)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) ? -1 : value;
}

/* Another kind of descriptor could block its reader for ever. */
static bool
is_sound(int fd, bool listens)
{
    return option_of(fd, SO_DOMAIN) == AF_INET && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           option_of(fd, SO_PROTOCOL) == IPPROTO_TCP && option_of(fd, SO_ACCEPTCONN) == listens &&
           fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0;
}

/* false: not what may come now. */
static bool
keep(struct own_driver *d, int kind, int fd)
{
    if (kind == WEBDRIVER_LINK_PROXY && !d->has_browser && is_sound(fd, true)) {
        d->has_browser = true;
        log_info("WebDriver server connected");
        d->browser(fd, d->arg);
        return true;
    }
    if (kind != WEBDRIVER_LINK_REQUEST || d->count == WEBDRIVER_LINK_SOCKETS ||
        !is_sound(fd, false))
        return false;
    d->sockets[d->count++] = fd;
    return true;
}

/* --- the link --- */

static void
unlink_driver(struct own_driver *d)
{
    event_free(d->passes);
    d->passes = NULL;
    close(d->link);
    d->link = -1;
    while (d->count)
        close(d->sockets[--d->count]);
    if (d->has_browser)
        d->browser(-1, d->arg);
    d->has_browser = false;
}

static void
cut_off(struct own_driver *d, const char *why)
{
    struct timeval pause = clock_timeval(PAUSE_MS);

    log_warning("lost the WebDriver server: %s", why);
    unlink_driver(d);
    evtimer_add(d->pause, &pause);
}

static void
on_passed(evutil_socket_t link, short what, void *arg)
{
    struct own_driver *d = arg;
    int fd, kind = pass_fd_receive((int)link, &fd);

    (void)what;
    if (kind > 0 && fd >= 0 && keep(d, kind, fd))
        return;
    if (fd >= 0)
        close(fd);
    if (kind == 0)
        cut_off(d, "it closed the connection");
    else if (kind > 0)
        cut_off(d, "it sent an unexpected descriptor");
    else if (errno != EAGAIN && errno != EINTR)
        cut_off(d, strerror(errno));
}

static void
on_connects(evutil_socket_t fd, short what, void *arg)
{
    struct own_driver *d = arg;

    (void)what;
    d->link = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (d->link < 0)
        return;
    event_del(d->connects); /* others wait */
    d->passes = loop_event(d->base, d->link, EV_READ | EV_PERSIST, on_passed, d);
    loop_add(d->passes, NULL);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct own_driver *d = arg;

    (void)fd;
    (void)what;
    event_add(d->connects, NULL);
}

int
own_driver_socket(struct own_driver *d)
{
    static const char more = WEBDRIVER_LINK_MORE;
    int fd;

    if (!d->count)
        return -1;
    fd = d->sockets[--d->count];
    /* On failure the link has ended, which its event reports. */
    (void)!send(d->link, &more, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return fd;
}

struct own_driver *
own_driver_new(struct event_base *base, int listen_fd, void (*browser)(int fd, void *arg),
               void *arg)
{
    struct own_driver *d = mem_alloc(sizeof *d);

    *d = (struct own_driver){
        .listen_fd = listen_fd, .link = -1, .base = base, .browser = browser, .arg = arg};
    d->connects = loop_event(base, listen_fd, EV_READ | EV_PERSIST, on_connects, d);
    d->pause = loop_timer(base, on_pause_over, d);
    loop_add(d->connects, NULL);
    return d;
}

void
own_driver_free(struct own_driver *d)
{
    if (!d)
        return;
    d->has_browser = false;
    if (d->link >= 0)
        unlink_driver(d);
    event_free(d->connects);
    event_free(d->pause);
    close(d->listen_fd);
    free(d);
}
