/* Collects lines until an empty one ends their event. Ignores comments, ids and retry times. */
#include "common/http/sse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

struct text {
    char *bytes;
    size_t count, capacity;
};

struct sse {
    sse_fn *on_event;
    void *arg;
    struct text line, name, data;
    bool has_data, after_cr; /* a line feed after a carriage return does not end another line */
};

struct sse *
sse_new(sse_fn *on_event, void *arg)
{
    struct sse *sse = mem_alloc(sizeof *sse);

    sse->on_event = on_event;
    sse->arg = arg;
    return sse;
}

void
sse_free(struct sse *sse)
{
    if (!sse)
        return;
    free(sse->line.bytes);
    free(sse->name.bytes);
    free(sse->data.bytes);
    free(sse);
}

static void
text_add(struct text *text, const char *bytes, size_t count)
{
    if (text->count + count >= text->capacity) {
        text->capacity = 2 * (text->count + count) + 1;
        text->bytes = mem_resize(text->bytes, text->capacity);
    }
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
    text->bytes[text->count] = '\0';
}

static void
dispatch(struct sse *sse)
{
    if (sse->has_data)
        sse->on_event(sse->name.count ? sse->name.bytes : "message",
                      sse->data.count ? sse->data.bytes : "", sse->arg);
    sse->name.count = sse->data.count = 0;
    sse->has_data = false;
}

/* The value of `field` in this line, or NULL. */
static const char *
value_of(const char *line, const char *field)
{
    size_t length = strlen(field);

    if (strncmp(line, field, length) || (line[length] && line[length] != ':'))
        return NULL;
    line += length;
    if (*line == ':')
        line++;
    return *line == ' ' ? line + 1 : line;
}

static void
take_line(struct sse *sse, const char *line)
{
    const char *value;

    if (!*line) {
        dispatch(sse);
    } else if ((value = value_of(line, "event"))) {
        sse->name.count = 0;
        text_add(&sse->name, value, strlen(value));
    } else if ((value = value_of(line, "data"))) {
        if (sse->has_data)
            text_add(&sse->data, "\n", 1);
        text_add(&sse->data, value, strlen(value));
        sse->has_data = true;
    }
}

/* A byte that ends a line. */
static void
take_end(struct sse *sse, char end)
{
    if (end == '\n' && sse->after_cr) {
        sse->after_cr = false;
        return;
    }
    sse->after_cr = end == '\r';
    take_line(sse, sse->line.count ? sse->line.bytes : "");
    sse->line.count = 0;
}

int
sse_feed(struct sse *sse, const char *bytes, size_t count)
{
    const char *end = bytes + count;

    while (bytes < end) {
        size_t run = 0;

        while (bytes + run < end && bytes[run] != '\n' && bytes[run] != '\r')
            run++;
        if (sse->line.count + sse->data.count + run > SSE_EVENT_BYTES_MAX)
            return -1;
        if (run) {
            text_add(&sse->line, bytes, run);
            sse->after_cr = false;
        }
        bytes += run;
        if (bytes < end)
            take_end(sse, *bytes++);
    }
    return 0;
}
