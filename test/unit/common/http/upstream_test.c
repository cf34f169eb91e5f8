/* Calls over a Unix socket: what is sent, what a reply is, and why there is none. */
#include "common/http/upstream.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/loop.h"

struct fixture {
    char folder[32], path[48];
    int listener, peer; /* -1: none */
    struct event_base *base;
    char seen[4096]; /* what was called, with what */
};

static int
setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    text_copy(f->folder, sizeof f->folder, "/tmp/pumpline-upstream-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/socket", f->folder);
    text_copy(address.sun_path, sizeof address.sun_path, f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(f->listener, 1), 0);
    f->peer = -1;
    f->base = loop_new();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    event_base_free(f->base);
    close(f->listener);
    if (f->peer >= 0)
        close(f->peer);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void
on_done(const struct upstream_reply *reply, void *arg)
{
    struct fixture *f = arg;
    size_t used = strlen(f->seen);

    assert_int_equal(strlen(reply->body), reply->length);
    snprintf(f->seen + used, sizeof f->seen - used, "done %d: %s", reply->status, reply->body);
}

static int
on_part(const char *bytes, size_t length, void *arg)
{
    struct fixture *f = arg;
    size_t used = strlen(f->seen);

    snprintf(f->seen + used, sizeof f->seen - used, "part \"%.*s\", ", (int)length, bytes);
    return memchr(bytes, '!', length) ? -1 : 0;
}

/* Begins a call and returns what the server gets of it. */
static const char *
sent(struct fixture *f, const struct upstream_request *request,
     int (*part)(const char *bytes, size_t length, void *arg))
{
    static char bytes[1024];

    assert_non_null(upstream_follow(f->base, f->path, request, 60, part, on_done, f));
    event_base_loop(f->base, EVLOOP_ONCE);
    f->peer = accept(f->listener, NULL, NULL);
    ssize_t count = recv(f->peer, bytes, sizeof bytes - 1, 0);

    assert_true(count > 0);
    bytes[count] = '\0';
    return bytes;
}

/* Answers, closes, and returns what the caller heard. */
static const char *
heard(struct fixture *f, const char *reply)
{
    assert_int_equal(send(f->peer, reply, strlen(reply), 0), strlen(reply));
    close(f->peer);
    f->peer = -1;
    event_base_dispatch(f->base);
    return f->seen;
}

static const struct upstream_request plain = {.method = "GET", .target = "/a?b=%20"};

static void
test_a_request(void **state)
{
    const struct upstream_request request = {.method = "PUT",
                                             .target = "/a",
                                             .by = "ann",
                                             .content_type = "application/json",
                                             .if_match = "\"1\"",
                                             .body = "{}",
                                             .length = 2};

    assert_string_equal(sent(*state, &request, NULL),
                        "PUT /a HTTP/1.1\r\nHost: pumpline\r\nConnection: close\r\n"
                        "Pumpline-By: ann\r\nContent-Type: application/json\r\nIf-Match: \"1\"\r\n"
                        "Content-Length: 2\r\n\r\n{}");
    assert_string_equal(heard(*state, "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nyes"),
                        "done 201: yes");
}

static void
test_a_request_without_a_body(void **state)
{
    assert_string_equal(sent(*state, &plain, NULL),
                        "GET /a?b=%20 HTTP/1.1\r\nHost: pumpline\r\nConnection: close\r\n\r\n");
    assert_string_equal(heard(*state, "HTTP/1.1 204 No Content\r\n\r\n"), "done 204: ");
}

static void
test_a_reply_that_goes_on(void **state)
{
    sent(*state, &plain, on_part);
    assert_string_equal(heard(*state, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
                        "part \"\", part \"one\", part \"two\", done 200: ");
}

static void
test_a_refusal_does_not_go_on(void **state)
{
    sent(*state, &plain, on_part);
    assert_string_equal(heard(*state, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
                        "done 403: no");
}

static void
test_whoever_listens_may_end_it(void **state)
{
    sent(*state, &plain, on_part);
    assert_string_equal(heard(*state, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nenough!.."),
                        "part \"\", part \"enough!..\", done 0: invalid or too large a reply");
}

static void
test_no_reply(void **state)
{
    sent(*state, &plain, NULL);
    assert_string_equal(heard(*state, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nye"),
                        "done 0: the daemon closed the connection");
}

static void
test_too_large_a_reply(void **state)
{
    const struct upstream_request request = {.method = "GET", .target = "/", .reply_max = 3};

    sent(*state, &request, NULL);
    assert_string_equal(heard(*state, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmany"),
                        "done 0: invalid or too large a reply");
}

static void
test_a_refusal_before_all_was_sent(void **state)
{
    struct fixture *f = *state;
    size_t length = 4u << 20; /* more than a socket takes at once */
    char *body = mem_alloc(length);
    const struct upstream_request request = {
        .method = "PUT", .target = "/", .body = body, .length = length};

    signal(SIGPIPE, SIG_IGN);
    sent(f, &request, NULL);
    shutdown(f->peer, SHUT_RD);
    event_base_loop(f->base, EVLOOP_ONCE);
    assert_string_equal(heard(f, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"),
                        "done 413: no");
    free(body);
}

static void
on_refused(const struct upstream_reply *reply, void *arg)
{
    *(int *)arg = reply->status ? -1 : reply->error;
}

static void
test_no_connection_says_why(void **state)
{
    struct fixture *f = *state;
    int error = 0;

    unlink(f->path);
    upstream_send(f->base, f->path, &plain, on_refused, &error);
    assert_int_equal(error, 0); /* not from within */
    event_base_dispatch(f->base);
    assert_int_equal(error, ENOENT);
}

/* It is not cut, which could name another socket. */
static void
test_the_path_is_too_long(void **state)
{
    struct fixture *f = *state;
    char path[109];
    int error = 0;

    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    upstream_send(f->base, path, &plain, on_refused, &error);
    event_base_dispatch(f->base);
    assert_int_equal(error, ENAMETOOLONG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_request_without_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply_that_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_does_not_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whoever_listens_may_end_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large_a_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_before_all_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_connection_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_path_is_too_long, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
