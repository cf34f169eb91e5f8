/* HTTP for drivers: whether a request may have reached the server, whether the reply is complete,
 * and no request is sent twice. */
#include "test/unit/worker/server.h"

#include "worker/io/http.h"

struct scene {
    struct event_base *base;
    struct server server;
    struct http *http;
    struct erp_request request;
    char url[128];
    struct connection *last;
    /* the result */
    unsigned done;
    struct erp_reply reply;
    char body[256], error[256];
};

static void
on_gone(struct connection *connection, void *arg)
{
    struct scene *s = arg;

    if (s->last == connection)
        s->last = NULL;
}

static int
setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    secret_start();
    s->base = event_base_new();
    s->server.arg = s;
    s->server.on_gone = on_gone;
    server_open(&s->server, s->base);
    s->http = http_new(s->base, NULL, NULL);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/path?q=1", s->server.port);
    s->request = (struct erp_request){.kind = ERP_HTTP, .method = "GET", .url = s->url};
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct scene *s = *state;

    http_free(s->http);
    server_stop(&s->server);
    event_base_free(s->base);
    free(s);
    return 0;
}

static void
on_done(const struct erp_reply *reply, void *arg)
{
    struct scene *s = arg;

    s->done++;
    s->reply = *reply;
    snprintf(s->body, sizeof s->body, "%s", reply->body ? reply->body : "");
    snprintf(s->error, sizeof s->error, "%s", reply->error ? reply->error : "");
}

/* Sends the request; the reply must have these properties. */
static void
assert_reply(struct scene *s, void (*on_request)(struct connection *, void *), bool sent,
             bool complete, int status)
{
    unsigned before = s->done;

    s->server.on_request = on_request;
    http_send(s->http, &s->request, on_done, s);
    assert_int_equal(s->done, before);
    RUN_UNTIL(s->base, s->done > before);
    assert_int_equal(s->done, before + 1);
    assert_int_equal(s->reply.sent, sent);
    assert_int_equal(s->reply.complete, complete);
    if (complete)
        assert_int_equal(s->reply.status, status);
    assert_int_equal(*s->error != '\0', !complete);
}

static void
answer_200(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 200, "", "hello");
}

static void
a_reply_comes_whole(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_200, true, true, 200);
    assert_string_equal(s->body, "hello");
    assert_int_equal(s->reply.body_length, 5);
    assert_int_equal(s->reply.retry_after_ms, 0);
}

static void
answer_in_chunks(struct connection *c, void *arg)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

    (void)arg;
    server_write(c, text, sizeof text - 1);
}

static void
chunks_are_put_together(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_in_chunks, true, true, 200);
    assert_string_equal(s->body, "hello");
}

static void
answer_500(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 500, "", "oops");
}

static void
answer_503(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 503, "Retry-After: 7\r\n", "");
}

static void
answer_for_ever(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 503, "Retry-After: 9223372036854775807\r\n", "");
}

static void
answer_long_ago(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 503, "Retry-After: Thu, 01 Jan 1970 00:00:01 GMT\r\n", "");
}

static void
statuses_are_told(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_500, true, true, 500);
    assert_string_equal(s->body, "oops");
    assert_int_equal(s->reply.retry_after_ms, 0);
    assert_reply(s, answer_503, true, true, 503);
    assert_int_equal(s->reply.retry_after_ms, 7000);
    assert_reply(s, answer_for_ever, true, true, 503);
    assert_int_equal(s->reply.retry_after_ms, 86400000);
    assert_reply(s, answer_long_ago, true, true, 503);
    assert_int_equal(s->reply.retry_after_ms, 0);
    assert_int_equal(s->reply.body_length, 0);
}

static void
answer_with_request(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 200, "", "");
}

static void
what_is_sent_is_what_was_asked(void **state)
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

/* --- missing and broken replies --- */

static void
a_refused_connection_was_not_sent(void **state)
{
    struct scene *s = *state;

    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/", free_port());
    assert_reply(s, NULL, false, false, 0);
    assert_int_equal(s->server.requests, 0);
}

static void
a_name_that_is_not_known_was_not_sent(void **state)
{
    struct scene *s = *state;

    strcpy(s->url, "http://no.such.host.invalid/");
    assert_reply(s, NULL, false, false, 0);
}

static void
other_protocols_are_not_spoken(void **state)
{
    struct scene *s = *state;

    strcpy(s->url, "file:///etc/passwd");
    assert_reply(s, NULL, false, false, 0);
    assert_int_equal(s->reply.body_length, 0);
}

static void
answer_half(struct connection *c, void *arg)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

    (void)arg;
    server_write(c, text, sizeof text - 1);
    server_close(c);
}

static void
answer_half_a_head(struct connection *c, void *arg)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Le";

    (void)arg;
    server_write(c, text, sizeof text - 1);
    server_close(c);
}

static void
close_at_once(struct connection *c, void *arg)
{
    (void)arg;
    server_close(c);
}

static void
a_reply_that_is_cut_was_sent(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_half, true, false, 0);
    assert_reply(s, close_at_once, true, false, 0);
    assert_int_equal(s->server.requests, 2);
    assert_reply(s, answer_half_a_head, true, false, 0);
}

static void
answer_nothing(struct connection *c, void *arg)
{
    struct scene *s = arg;

    s->last = c;
}

static void
a_reply_that_is_late_was_sent(void **state)
{
    struct scene *s = *state;
    int64_t before = clock_monotonic_ms();

    s->request.timeout_ms = 150;
    assert_reply(s, answer_nothing, true, false, 0);
    assert_in_range(clock_monotonic_ms() - before, 140, DEADLINE_MS);
}

static void
answer_too_much(struct connection *c, void *arg)
{
    char head[128], *body = malloc(HTTP_REPLY_BYTES_MAX + 1);
    int length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                          HTTP_REPLY_BYTES_MAX + (arg ? 1u : 0u));

    memset(body, 'x', HTTP_REPLY_BYTES_MAX + 1);
    server_write(c, head, (size_t)length);
    server_write(c, body, HTTP_REPLY_BYTES_MAX + (arg ? 1 : 0));
    free(body);
}

static void
answer_just_enough(struct connection *c, void *arg)
{
    (void)arg;
    answer_too_much(c, NULL);
}

static void
a_body_has_its_limit(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_just_enough, true, true, 200);
    assert_int_equal(s->reply.body_length, HTTP_REPLY_BYTES_MAX);
    assert_reply(s, answer_too_much, true, false, 0);
    assert_in_range(s->reply.body_length, 0, HTTP_REPLY_BYTES_MAX);
}

/* The connection stays open: only the client can end this. */
static void
answer_with_fields(struct connection *c, const char *head)
{
    char field[1024];

    memset(field, 'x', sizeof field);
    memcpy(field, "X-Y: ", 5);
    memcpy(field + sizeof field - 2, "\r\n", 2);
    server_write(c, head, strlen(head));
    for (size_t bytes = 0; bytes <= HTTP_HEAD_BYTES_MAX; bytes += sizeof field)
        server_write(c, field, sizeof field);
}

static void
answer_with_head(struct connection *c, void *arg)
{
    (void)arg;
    answer_with_fields(c, "HTTP/1.1 200 OK\r\n");
}

static void
answer_with_trailers(struct connection *c, void *arg)
{
    (void)arg;
    answer_with_fields(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
}

static void
heads_and_trailers_have_their_limit(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_with_head, true, false, 0);
    assert_null(strstr(s->error, "timed out"));
    assert_reply(s, answer_with_trailers, true, false, 0);
    assert_null(strstr(s->error, "timed out"));
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

/* --- connections --- */

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
a_cancelled_transfer_says_nothing(void **state)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_comes_whole),
        TEST(chunks_are_put_together),
        TEST(statuses_are_told),
        TEST(what_is_sent_is_what_was_asked),
        TEST(other_methods_are_sent_as_they_are),
        TEST(a_refused_connection_was_not_sent),
        TEST(a_name_that_is_not_known_was_not_sent),
        TEST(other_protocols_are_not_spoken),
        TEST(a_reply_that_is_cut_was_sent),
        TEST(a_reply_that_is_late_was_sent),
        TEST(a_body_has_its_limit),
        TEST(heads_and_trailers_have_their_limit),
        TEST(no_redirect_is_followed),
        TEST(no_proxy_is_used),
        TEST(a_connection_is_used_again),
        TEST(a_request_that_commits_is_sent_once),
        TEST(a_cancelled_transfer_says_nothing),
        TEST(transfers_under_way_end_with_their_owner),
        TEST(many_transfers_come_back_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
