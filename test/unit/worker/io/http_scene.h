/* An HTTP client and a server on one loop. */
#ifndef TEST_HTTP_SCENE_H
#define TEST_HTTP_SCENE_H

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

static inline void
on_gone(struct connection *connection, void *arg)
{
    struct scene *s = arg;

    if (s->last == connection)
        s->last = NULL;
}

static inline int
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

static inline int
teardown(void **state)
{
    struct scene *s = *state;

    http_free(s->http);
    server_stop(&s->server);
    event_base_free(s->base);
    free(s);
    return 0;
}

static inline void
on_done(const struct erp_reply *reply, void *arg)
{
    struct scene *s = arg;

    s->done++;
    s->reply = *reply;
    snprintf(s->body, sizeof s->body, "%s", reply->body ? reply->body : "");
    snprintf(s->error, sizeof s->error, "%s", reply->error ? reply->error : "");
}

/* Sends the request; the reply must have these properties. */
static inline void
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

static inline void
answer_200(struct connection *c, void *arg)
{
    (void)arg;
    server_reply(c, 200, "", "hello");
}

static inline void
close_at_once(struct connection *c, void *arg)
{
    (void)arg;
    server_close(c);
}

static inline void
answer_nothing(struct connection *c, void *arg)
{
    struct scene *s = arg;

    s->last = c;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
