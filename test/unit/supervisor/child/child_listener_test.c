/* The listening socket: kept, closed, and bound anew. */
#include "test/unit/supervisor/child/child.h"

static void
stop_closes_the_listener_first(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    heard(f);
    child_stop(f->child);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_string_equal(heard(f), "{\"type\":\"stop\"}\n");
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->restarts, 0);
    assert_true(child_at_rest(f->child));
}

static void
restart_keeps_the_listener_and_is_no_failure(void **state)
{
    struct fixture *f = *state;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    child_restart(f->child);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_int_equal(f->child->listen_fd, listen_fd);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_int_equal(f->child->restarts, 0);
}

static void
a_busy_port_is_tried_again(void **state)
{
    struct fixture *f = *state;

    f->workshop.port = 1;
    strcpy(f->workshop.host, "192.0.2.1"); /* an address of no machine */
    child_start(f->child);
    assert_int_equal(f->child->state, CHILD_BACKOFF);
    assert_non_null(strstr(f->child->last_error, "cannot listen on 192.0.2.1:1: "));
    strcpy(f->workshop.host, "127.0.0.1");
    f->workshop.port = 0;
    event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(f->child->state, CHILD_STARTING);
}

static void
another_configuration_closes_the_listener_of_another_address(void **state)
{
    struct fixture *f = *state;
    struct workshop_config other = f->workshop;
    int listen_fd;

    get_ready(f);
    listen_fd = f->child->listen_fd;
    other.retention_days = 7;
    child_configure(f->child, &other);
    assert_ptr_equal(f->child->workshop, &other);
    assert_int_equal(f->child->listen_fd, listen_fd);
    strcpy(f->workshop.host, "127.0.0.2");
    child_configure(f->child, &f->workshop);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->child->state, CHILD_RUNNING);
    child_restart(f->child);
    hang_up(f);
    child_reaped(f->child, 0);
    assert_int_equal(f->child->state, CHILD_STARTING);
    assert_true(f->child->listen_fd >= 0);
}

/* The next process would call itself running, and no client would reach it. */
static void
a_listener_that_was_shut_down_is_bound_anew(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    get_ready(f);
    assert_int_equal(getsockname(f->child->listen_fd, (struct sockaddr *)&address, &length), 0);
    f->workshop.port = ntohs(address.sin_port); /* the same again */
    assert_int_equal(shutdown(f->child->listen_fd, SHUT_RDWR), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
    child_reaped(f->child, 9);
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STARTING);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* As it is with one that drops whatever comes. */
static void
a_listener_with_a_filter_is_bound_anew(void **state)
{
    struct fixture *f = *state;
    struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {.len = 1, .filter = &drop};

    get_ready(f);
    assert_true(listen_sound(f->child->listen_fd));
    assert_int_equal(
        setsockopt(f->child->listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    assert_false(listen_sound(f->child->listen_fd));
    child_reaped(f->child, 9);
    hang_up(f);
    assert_true(listen_sound(f->child->listen_fd));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stop_closes_the_listener_first),
        TEST(restart_keeps_the_listener_and_is_no_failure),
        TEST(a_busy_port_is_tried_again),
        TEST(another_configuration_closes_the_listener_of_another_address),
        TEST(a_listener_that_was_shut_down_is_bound_anew),
        TEST(a_listener_with_a_filter_is_bound_anew),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
