/* What the worker accepts over the link to its own WebDriver server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/http/listen_tcp.h"
#include "common/ipc/pass_fd.h"
#include "common/ipc/webdriver_link.h"
#include "test/unit/time_passes.h"
#include "worker/io/own_driver.h"

#define PATIENCE_MS 20000

struct fixture {
    struct event_base *base;
    struct own_driver *driver;
    struct sockaddr_un address;
    int link, browser; /* the test's end; the proxy's listener */
    unsigned told;
};

static void
on_browser(int fd, void *arg)
{
    struct fixture *f = arg;

    if (f->browser >= 0)
        close(f->browser);
    f->browser = fd;
    f->told++;
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    f->base = event_base_new();
    f->link = f->browser = -1;
    f->address.sun_family = AF_UNIX; /* an abstract name, chosen by the kernel */
    assert_int_equal(bind(fd, (struct sockaddr *)&f->address, sizeof(sa_family_t)), 0);
    assert_int_equal(
        getsockname(fd, (struct sockaddr *)&f->address, &(socklen_t){sizeof f->address}), 0);
    assert_int_equal(listen(fd, 4), 0);
    f->driver = own_driver_new(f->base, fd, on_browser, f);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    own_driver_free(f->driver);
    if (f->browser >= 0)
        close(f->browser);
    if (f->link >= 0)
        close(f->link);
    event_base_free(f->base);
    free(f);
    return 0;
}

static void
link_up(struct fixture *f)
{
    if (f->link >= 0)
        close(f->link);
    f->link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(f->link, (struct sockaddr *)&f->address, sizeof(sa_family_t) + 1 + 5),
                     0);
}

/* Passes fd. */
static void
pass(struct fixture *f, char kind, int fd)
{
    assert_int_equal(pass_fd_send(f->link, kind, fd), 0);
    close(fd);
}

static int
blank(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
listening(void)
{
    struct err err;

    return listen_tcp("127.0.0.1", 0, &err);
}

static void
until_told(struct fixture *f, unsigned times)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (f->told < times) {
        assert_true(clock_monotonic_ms() < end_ms);
        event_base_loop(f->base, EVLOOP_ONCE);
    }
}

/* Whether the worker has closed its end; later data is ignored. */
static void
until_cut_off(struct fixture *f)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    char byte;

    while (recv(f->link, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
        assert_true(clock_monotonic_ms() < end_ms);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    time_passes(1000); /* another link is taken */
}

static void
test_sockets_come_and_are_replaced(void **state)
{
    struct fixture *f = *state;
    char wish = 0;
    int fd;

    assert_int_equal(own_driver_socket(f->driver), -1);
    link_up(f);
    for (int i = 0; i < WEBDRIVER_LINK_SOCKETS; i++)
        pass(f, WEBDRIVER_LINK_REQUEST, blank());
    pass(f, WEBDRIVER_LINK_PROXY, listening());
    until_told(f, 1);
    assert_true(f->browser >= 0);
    assert_true(fcntl(f->browser, F_GETFL) & O_NONBLOCK);
    for (int i = 0; i < WEBDRIVER_LINK_SOCKETS; i++) {
        fd = own_driver_socket(f->driver);
        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
        assert_int_equal(recv(f->link, &wish, 1, 0), 1);
        assert_int_equal(wish, WEBDRIVER_LINK_MORE);
    }
    assert_int_equal(own_driver_socket(f->driver), -1);
}

static void
test_the_end_of_the_link_is_that_of_its_sockets(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 2; round++) {
        link_up(f);
        pass(f, WEBDRIVER_LINK_REQUEST, blank());
        pass(f, WEBDRIVER_LINK_PROXY, listening());
        until_told(f, 2 * round + 1);
        close(f->link);
        f->link = -1;
        until_told(f, 2 * round + 2);
        assert_int_equal(f->browser, -1);
        assert_int_equal(own_driver_socket(f->driver), -1);
    }
}

/* Input that could block the worker or fill its descriptor table. */
static void
test_bad_input_closes_the_link(void **state)
{
    struct fixture *f = *state;

    for (int what = 0; what < 7; what++) {
        link_up(f);
        if (what == 0)
            pass(f, WEBDRIVER_LINK_REQUEST, open("/dev/null", O_RDWR));
        else if (what == 1)
            pass(f, WEBDRIVER_LINK_REQUEST, socket(AF_INET, SOCK_DGRAM, 0));
        else if (what == 2)
            pass(f, WEBDRIVER_LINK_REQUEST, socket(AF_UNIX, SOCK_STREAM, 0));
        else if (what == 3)
            pass(f, WEBDRIVER_LINK_REQUEST, listening());
        else if (what == 4)
            pass(f, WEBDRIVER_LINK_PROXY, blank());
        else if (what == 5)
            pass(f, 'x', blank());
        else
            assert_int_equal(send(f->link, "r", 1, 0), 1);
        until_cut_off(f);
        assert_int_equal(own_driver_socket(f->driver), -1);
    }
    assert_int_equal(f->told, 0);
}

static void
test_too_many_sockets_close_the_link(void **state)
{
    struct fixture *f = *state;

    link_up(f);
    for (int i = 0; i <= WEBDRIVER_LINK_SOCKETS; i++)
        pass(f, WEBDRIVER_LINK_REQUEST, blank());
    until_cut_off(f);
    link_up(f);
    pass(f, WEBDRIVER_LINK_PROXY, listening());
    until_told(f, 1);
    pass(f, WEBDRIVER_LINK_PROXY, listening());
    until_cut_off(f);
    assert_int_equal(f->browser, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sockets_come_and_are_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_link_is_that_of_its_sockets, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_bad_input_closes_the_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_sockets_close_the_link, set_up, tear_down)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
