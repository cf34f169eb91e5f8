/* HTTP for drivers: whether a request may have reached the server, and that none is sent twice. */
#include "test/unit/worker/io/http_scene.h"

#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "common/base/host_pattern.h"

static unsigned second_ms = 1000; /* of alarms */

/* Instead of the C library's. */
unsigned
alarm(unsigned seconds)
{
    const struct itimerval due = {.it_value = clock_timeval(seconds * second_ms)};

    setitimer(ITIMER_REAL, &due, NULL);
    return 0;
}

static void
a_reply_is_complete(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_200, true, true, 200);
    assert_string_equal(s->body, "hello");
    assert_int_equal(s->reply.body_length, 5);
    assert_int_equal(s->reply.retry_after_ms, 0);
}

static void
answer_with_request(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 200, "", "");
}

static void
a_request_is_sent_as_given(void **state)
{
    char *headers[] = {"Content-Type: application/json", "X-Key: 4711", NULL};
    struct scene *s = *state;
    const char *request;

    s->request.method = "POST";
    s->request.headers = headers;
    s->request.header_count = 2;
    s->request.body = "{\"a\": 1}";
    s->request.body_length = 8;
    assert_reply(s, answer_with_request, true, true, 200);
    request = s->server.connections->request;
    assert_memory_equal(request, "POST /path?q=1 HTTP/1.1\r\n", 25);
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nX-Key: 4711\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: pumpline/"));
    assert_null(strcasestr(request, "\r\nExpect:"));
    assert_string_equal(strstr(request, "\r\n\r\n") + 4, "{\"a\": 1}");
}

static void
other_methods_are_sent_as_they_are(void **state)
{
    struct scene *s = *state;

    s->request.method = "DELETE";
    assert_reply(s, answer_with_request, true, true, 200);
    assert_memory_equal(s->server.connections->request, "DELETE /path?q=1 HTTP/1.1\r\n", 27);
}

static void
a_request_to_a_closed_port_was_not_sent(void **state)
{
    struct scene *s = *state;

    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/", free_port());
    assert_reply(s, NULL, false, false, 0);
    assert_int_equal(s->server.requests, 0);
}

static void
a_request_to_an_unknown_name_was_not_sent(void **state)
{
    struct scene *s = *state;

    strcpy(s->url, "http://no.such.host.invalid/");
    assert_reply(s, NULL, false, false, 0);
}

/* Records full of messages that a client must ignore during a handshake, faster than it can. */
static void
flood(int listener)
{
    static unsigned char records[8][5 + 0x4000];
    int fd = accept(listener, NULL, NULL);

    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        memcpy(records[i], "\x16\x03\x03\x40\x00", 5);
    while (send(fd, records, sizeof records, MSG_NOSIGNAL) > 0)
        continue;
}

static void
a_server_that_keeps_the_handshake_busy_is_cut_off(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct scene *s = *state;
    pid_t pid;

    address.sin_port = htons(free_port());
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        flood(listener);
        _exit(0);
    }
    snprintf(s->url, sizeof s->url, "https://127.0.0.1:%u/", ntohs(address.sin_port));
    s->request.timeout_ms = 600000;
    second_ms = 50;
    assert_reply(s, NULL, false, false, 0);
    second_ms = 1000;
    close(listener);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void
other_protocols_are_refused(void **state)
{
    struct scene *s = *state;

    strcpy(s->url, "file:///etc/passwd");
    assert_reply(s, NULL, false, false, 0);
    assert_int_equal(s->reply.body_length, 0);
}

static void
redirect(struct connection *c, void *arg)
{
    char header[128];

    (void)arg;
    snprintf(header, sizeof header, "Location: http://127.0.0.1:%u/elsewhere\r\n", c->server->port);
    server_reply(c, 302, header, "");
}

static void
no_redirect_is_followed(void **state)
{
    struct scene *s = *state;

    assert_reply(s, redirect, true, true, 302);
    run_for(s->base, 50);
    assert_int_equal(s->server.requests, 1);
}

static void
no_proxy_is_used(void **state)
{
    struct scene *s = *state;

    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    assert_reply(s, answer_200, true, true, 200);
    unsetenv("http_proxy");
}

static void
a_connection_is_used_again(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 3; i++)
        assert_reply(s, answer_200, true, true, 200);
    assert_int_equal(s->server.requests, 3);
    assert_int_equal(s->server.accepted, 1);
}

/* If a reused connection closes, libcurl repeats the request by itself: a request that creates a
 * line must not use one. */
static void
a_request_that_commits_is_sent_once(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_200, true, true, 200);
    s->request.method = "POST";
    s->request.body = "{}";
    s->request.body_length = 2;
    s->request.commits = true;
    assert_reply(s, close_at_once, true, false, 0);
    run_for(s->base, 100);
    assert_int_equal(s->server.requests, 2);
    assert_int_equal(s->server.accepted, 2);
    assert_int_equal(s->done, 2);
    assert_reply(s, answer_200, true, true, 200);
    assert_int_equal(s->server.accepted, 3);
}

static void
a_cancelled_transfer_makes_no_callback(void **state)
{
    struct scene *s = *state;
    struct http_transfer *transfer;

    s->server.on_request = answer_nothing;
    transfer = http_send(s->http, &s->request, on_done, s);
    RUN_UNTIL(s->base, s->last);
    http_cancel(transfer);
    RUN_UNTIL(s->base, !s->last);
    http_cancel(http_send(s->http, &s->request, on_done, s));
    run_for(s->base, 50);
    assert_int_equal(s->done, 0);
    assert_reply(s, answer_200, true, true, 200);
}

static void
transfers_under_way_end_with_their_owner(void **state)
{
    struct scene *s = *state;

    s->server.on_request = answer_nothing;
    for (int i = 0; i < 3; i++)
        http_send(s->http, &s->request, on_done, s);
    RUN_UNTIL(s->base, s->server.requests == 3);
    http_free(s->http);
    s->http = NULL;
    RUN_UNTIL(s->base, !s->server.connections);
    assert_int_equal(s->done, 0);
}

static void
many_transfers_come_back_each_once(void **state)
{
    struct scene *s = *state;

    s->server.on_request = answer_200;
    for (int i = 0; i < 20; i++)
        http_send(s->http, &s->request, on_done, s);
    RUN_UNTIL(s->base, s->done >= 20);
    run_for(s->base, 30);
    assert_int_equal(s->done, 20);
    assert_int_equal(s->server.requests, 20);
}

static void
only_servers_that_are_allowed_get_requests(void **state)
{
    struct scene *s = *state;
    struct host_pattern other = {"127.0.0.2", s->server.port}, own = {"127.0.0.1", s->server.port};

    http_use_hosts(s->http, &other, 1);
    assert_reply(s, answer_200, false, false, 0);
    assert_non_null(strstr(s->error, "configuration"));
    assert_int_equal(s->server.accepted, 0);
    http_use_hosts(s->http, &own, 1);
    assert_reply(s, answer_200, true, true, 200);
}

static void
a_body_beyond_the_bound_is_cut_off(void **state)
{
    struct scene *s = *state;

    http_limit_reply(s->http, 5);
    assert_reply(s, answer_200, true, true, 200);
    http_limit_reply(s->http, 4);
    assert_reply(s, answer_200, true, false, 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_is_complete),
        TEST(a_request_is_sent_as_given),
        TEST(other_methods_are_sent_as_they_are),
        TEST(a_request_to_a_closed_port_was_not_sent),
        TEST(a_request_to_an_unknown_name_was_not_sent),
        TEST(other_protocols_are_refused),
        TEST(no_redirect_is_followed),
        TEST(no_proxy_is_used),
        TEST(a_connection_is_used_again),
        TEST(a_request_that_commits_is_sent_once),
        TEST(a_cancelled_transfer_makes_no_callback),
        TEST(transfers_under_way_end_with_their_owner),
        TEST(many_transfers_come_back_each_once),
        TEST(only_servers_that_are_allowed_get_requests),
        TEST(a_body_beyond_the_bound_is_cut_off),
        TEST(a_server_that_keeps_the_handshake_busy_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
