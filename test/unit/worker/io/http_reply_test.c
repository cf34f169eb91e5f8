/* Replies to drivers: whether they are complete, and their limits. */
#include "test/unit/worker/io/http_scene.h"

static void
answer_in_chunks(struct connection *c, void *arg)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

    (void)arg;
    server_write(c, text, sizeof text - 1);
}

static void
chunks_are_joined(void **state)
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

/* Found by fuzzing: cut to 32 bits it would be another status. */
static void
answer_with_a_huge_status(struct connection *c, void *arg)
{
    static const char text[] = "HTTP/23372036854775807\r\nContent-Length: 2\r\n\r\n{}";

    (void)arg;
    server_write(c, text, sizeof text - 1);
}

static void
statuses_are_reported(void **state)
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
    assert_reply(s, answer_with_a_huge_status, true, false, 0);
    assert_string_equal(s->error, "the reply has no valid HTTP status");
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
a_request_with_a_truncated_reply_was_sent(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_half, true, false, 0);
    assert_reply(s, close_at_once, true, false, 0);
    assert_int_equal(s->server.requests, 2);
    assert_reply(s, answer_half_a_head, true, false, 0);
}

static void
a_request_with_a_late_reply_was_sent(void **state)
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
bodies_are_limited(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_just_enough, true, true, 200);
    assert_int_equal(s->reply.body_length, HTTP_REPLY_BYTES_MAX);
    assert_reply(s, answer_too_much, true, false, 0);
    assert_in_range(s->reply.body_length, 0, HTTP_REPLY_BYTES_MAX);
}

/* Bits as deflate has them: from the lowest of each byte. */
struct bits {
    unsigned char bytes[65536];
    size_t count;
};

static void
add_bits(struct bits *to, const char *bits)
{
    for (; *bits; bits++, to->count++)
        if (*bits == '1')
            to->bytes[to->count / 8] |= (unsigned char)(1 << to->count % 8);
}

static void
answer_compressed(struct connection *c, const void *bytes, size_t length)
{
    char head[128];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                        length);

    server_write(c, head, (size_t)size);
    server_write(c, bytes, length);
}

static void
answer_gzip(struct connection *c, void *arg)
{
    static const char hello[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07"
                                "\x00\x86\xa6\x10\x36\x05\x00\x00\x00";

    (void)arg;
    answer_compressed(c, hello, sizeof hello - 1);
}

/* An x, and 258 more for each 13 bits. */
static void
answer_gzip_bomb(struct connection *c, void *arg)
{
    struct bits bits = {.bytes = "\x1f\x8b\x08\0\0\0\0\0\0\xff", .count = 80};

    (void)arg;
    add_bits(&bits, "110"
                    "10101000");
    for (size_t made = 1; made <= 2 * HTTP_REPLY_BYTES_MAX; made += 258)
        add_bits(&bits, "11000101"
                        "00000");
    add_bits(&bits, "0000000");
    answer_compressed(c, bits.bytes, bits.count / 8 + 9);
}

static void
compressed_bodies_are_limited(void **state)
{
    struct scene *s = *state;

    s->request.gzip = true;
    assert_reply(s, answer_gzip, true, true, 200);
    assert_string_equal(s->body, "hello");
    assert_reply(s, answer_gzip_bomb, true, false, 0);
    assert_in_range(s->reply.body_length, HTTP_REPLY_BYTES_MAX / 2, HTTP_REPLY_BYTES_MAX);
    s->request.gzip = false; /* not asked for: as it is */
    assert_reply(s, answer_gzip, true, true, 200);
    assert_int_equal(s->reply.body_length, 25);
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
heads_and_trailers_are_limited(void **state)
{
    struct scene *s = *state;

    assert_reply(s, answer_with_head, true, false, 0);
    assert_null(strstr(s->error, "timed out"));
    assert_reply(s, answer_with_trailers, true, false, 0);
    assert_null(strstr(s->error, "timed out"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chunks_are_joined),
        TEST(statuses_are_reported),
        TEST(a_request_with_a_truncated_reply_was_sent),
        TEST(a_request_with_a_late_reply_was_sent),
        TEST(bodies_are_limited),
        TEST(compressed_bodies_are_limited),
        TEST(heads_and_trailers_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
