/* Server-sent events give the same result however the bytes are split. */
#include "common/http/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"

static char seen[4096];

static void
on_event(const char *name, const char *data, void *arg)
{
    size_t used = strlen(seen);

    (void)arg;
    snprintf(seen + used, sizeof seen - used, "%s=%s;", name, data);
}

/* Feeds the text in pieces of this size; returns the events as "name=data;". */
static const char *
events_of(const char *text, size_t piece)
{
    struct sse *sse = sse_new(on_event, NULL);
    size_t length = strlen(text);

    *seen = '\0';
    for (size_t at = 0; at < length; at += piece) {
        size_t count = length - at < piece ? length - at : piece;
        char *copy = mem_alloc(count); /* exact size, so that ASan detects an overrun */

        memcpy(copy, text + at, count);
        assert_int_equal(sse_feed(sse, copy, count), 0);
        free(copy);
    }
    sse_free(sse);
    return seen;
}

static void
events(void **state)
{
    static const struct {
        const char *text, *events;
    } cases[] = {
        {"event: a\ndata: 1\n\n", "a=1;"},
        {"data: 1\n\ndata: 2\n\n", "message=1;message=2;"},
        {"event: a\ndata: 1\n\ndata: 2\n\n", "a=1;message=2;"},
        {"data:1\n\n", "message=1;"},
        {"data:  1\n\n", "message= 1;"},
        {"data: 1\ndata: 2\n\n", "message=1\n2;"},
        {"data\n\n", "message=;"},
        {"data\ndata\n\n", "message=\n;"},
        {"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", "a=1;message=2;"},
        {"event: a\rdata: 1\r\rdata: 2\r\r", "a=1;message=2;"},
        {": comment\n\nid: 7\nretry: 9\n\n", ""},
        {"event: a\n\ndata: 1\n\n", "message=1;"},
        {"event: a\nevent: b\ndata: 1\n\n", "b=1;"},
        {"database: 1\nDATA: 2\n data: 3\n\n", ""},
        {"data: 1\n", ""},
        {"data: 1", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece < 32; piece++)
            assert_string_equal(events_of(cases[i].text, piece), cases[i].events);
}

static void
an_endless_event_is_refused(void **state)
{
    enum { PIECE = 4096 };
    struct sse *sse = sse_new(on_event, NULL);
    char *text = mem_alloc(PIECE);
    size_t fed = 0;

    (void)state;
    memset(text, 'x', PIECE);
    while (sse_feed(sse, text, PIECE) == 0)
        fed += PIECE;
    assert_int_equal(fed, SSE_EVENT_BYTES_MAX);
    free(text);
    sse_free(sse);
}

static void
lines_of_one_event_count_together(void **state)
{
    struct sse *sse = sse_new(on_event, NULL);
    char *text = mem_alloc(4096);
    size_t fed = 0;

    (void)state;
    memset(text, 'x', 4096);
    memcpy(text, "data: ", 6);
    text[4095] = '\n';
    while (sse_feed(sse, text, 4096) == 0 && fed <= 2 * SSE_EVENT_BYTES_MAX)
        fed += 4096;
    assert_in_range(fed, SSE_EVENT_BYTES_MAX / 2, SSE_EVENT_BYTES_MAX / 8 * 9);
    free(text);
    sse_free(sse);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),
        cmocka_unit_test(an_endless_event_is_refused),
        cmocka_unit_test(lines_of_one_event_count_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
