/* GET /audit. A helper process reads the files, backwards, and filters: they may hold hundreds of
 * megabytes. Its pipe brings the reply. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file_read.h"
#include "common/base/loop.h"
#include "common/base/text_value.h"
#include "supervisor/audit/internal.h"
#include "supervisor/system/spawn.h"

#define SEARCHES_MAX 4
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define PATIENCE_MS 2500 /* of the helper; then the page ends early */
#define READ_MAX (4 * (off_t)TRAIL_FILE_BYTES)
#define REPLY_MAX ((size_t)LIMIT_MAX * TRAIL_LINE_MAX + 1024)
#define VALUE_BYTES 513

/* What is asked, with nothing that a helper would have to share. */
struct question {
    const char *path;
    char workshop[VALUE_BYTES], by[VALUE_BYTES]; /* empty: any */
    int64_t from_ms, to_ms;
    int64_t before; /* the id of the last entry of the page before */
    unsigned limit;
};

/* The search of one helper. */
struct page {
    const struct question *question;
    FILE *out;
    unsigned count;
    int64_t last; /* the id of the last line that was looked at */
    int64_t until_ms;
    bool full; /* the page is, or the time is up */
};

struct trail_search {
    TAILQ_ENTRY(trail_search) link;
    struct trail *trail;
    struct call *call;
    struct event *event;
    char *text;
    size_t length;
};

char *
trail_path(const char *path, unsigned rotated)
{
    return rotated ? mem_format("%s.%u", path, rotated) : mem_string(path);
}

int64_t
trail_line_id(const char *line)
{
    size_t head = strlen(TRAIL_LINE_HEAD);

    return strncmp(line, TRAIL_LINE_HEAD, head) ? 0 : strtoll(line + head, NULL, 10);
}

/* --- in the helper --- */

static bool
is_value(const json_t *entry, const char *name, const char *wanted)
{
    const char *value = json_string_value(json_object_get(entry, name));

    return value && strcmp(value, wanted) == 0;
}

static bool
is_wanted(const struct question *q, const json_t *entry)
{
    int64_t at_ms;

    if (clock_parse(json_string_value(json_object_get(entry, "at")) ?: "", &at_ms) ||
        at_ms < q->from_ms || at_ms > q->to_ms)
        return false;
    if (*q->workshop && !is_value(entry, "workshop", q->workshop) &&
        !is_value(entry, "slug", q->workshop))
        return false;
    return !*q->by || is_value(json_object_get(entry, "by"), "who", q->by) ||
           is_value(entry, "user", q->by);
}

/* line ends with NUL. A line that is none, as its writer died, is passed over. */
static void
look_at(struct page *page, const char *line, size_t length)
{
    const struct question *q = page->question;
    int64_t id = trail_line_id(line);
    json_t *entry;

    if (!id || id >= q->before || (page->last && id >= page->last))
        return; /* a file that was just rotated is seen again under its new name */
    /* An id is never smaller than the time of its line. */
    if (page->count == q->limit || id / 1000 < q->from_ms ||
        clock_monotonic_ms() > page->until_ms) {
        page->full = id / 1000 >= q->from_ms;
        page->until_ms = 0;
        return;
    }
    page->last = id;
    entry = json_loadb(line, length, 0, NULL);
    if (entry && is_wanted(q, entry))
        fprintf(page->out, "%s%s", page->count++ ? "," : "", line);
    json_decref(entry);
}

static void
look_through(struct page *page, char *text, size_t length)
{
    while (length && page->until_ms) {
        char *end = text + length - (text[length - 1] == '\n');
        char *before = end > text ? memrchr(text, '\n', (size_t)(end - text)) : NULL;
        char *line = before ? before + 1 : text;

        *end = '\0';
        look_at(page, line, (size_t)(end - line));
        length = (size_t)(line - text);
    }
}

/* False: there is no such file. */
static bool
look_into(struct page *page, const char *path)
{
    struct err err;
    int fd = file_open(path, O_NOFOLLOW, &err);
    struct stat status;
    ssize_t length;
    char *text;

    if (fd < 0)
        return false;
    if (fstat(fd, &status))
        status.st_size = 0;
    if (status.st_size > READ_MAX)
        status.st_size = READ_MAX;
    text = mem_alloc((size_t)status.st_size + 1);
    length = read(fd, text, (size_t)status.st_size);
    if (length > 0)
        look_through(page, text, (size_t)length);
    free(text);
    close(fd);
    return true;
}

static void
run(int fd, const char *argument)
{
    const struct question *q = (const void *)argument;
    struct page page = {
        .question = q, .out = fdopen(fd, "w"), .until_ms = clock_monotonic_ms() + PATIENCE_MS};

    if (!page.out || fcntl(fd, F_SETFL, 0)) {
        if (page.out)
            fclose(page.out);
        return;
    }
    fputs("{\"entries\":[", page.out);
    for (unsigned i = 0; i < TRAIL_FILES && page.until_ms; i++) {
        char *path = trail_path(q->path, i);

        if (!look_into(&page, path) && i)
            page.until_ms = 0;
        free(path);
    }
    if (page.full)
        fprintf(page.out, "],\"next\":\"%" PRIx64 "\"}\n", page.last);
    else
        fputs("],\"next\":null}\n", page.out);
    fclose(page.out);
}

/* --- in the daemon --- */

/* Answers with what the helper said; NULL: nothing, or not all. */
static void
end(struct trail_search *search, const char *text, size_t length)
{
    struct call *call = search->call;

    TAILQ_REMOVE(&search->trail->searches, search, link);
    search->trail->search_count--;
    close(event_get_fd(search->event));
    event_free(search->event);
    if (text)
        call_reply_text(call, 200, "application/json", text, length);
    else
        call_problem(call, 503, "audit_unreadable", NULL, "cannot read the audit trail");
    free(search->text);
    free(search);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct trail_search *search = arg;
    ssize_t length;

    (void)what;
    search->text = mem_resize(search->text, search->length + 65536);
    length = read(fd, search->text + search->length, 65536);
    if (length > 0 && search->length + (size_t)length < REPLY_MAX)
        search->length += (size_t)length;
    else if (length == 0 && search->length && search->text[search->length - 1] == '\n')
        end(search, search->text, search->length - 1);
    else if (length >= 0 || errno != EAGAIN)
        end(search, NULL, 0);
}

void
trail_end_searches(struct trail *trail)
{
    while (!TAILQ_EMPTY(&trail->searches))
        end(TAILQ_FIRST(&trail->searches), NULL, 0);
}

static bool
refuse(struct call *call, const char *name, const char *detail)
{
    call_problem(call, 400, "invalid_parameter", json_pack("[s]", name), "%s %s", name, detail);
    return false;
}

static bool
take_time(struct call *call, const char *name, int (*parse)(const char *text, int64_t *ms),
          int64_t *ms)
{
    char text[64];
    int found = call_query(call, name, text, sizeof text);

    if (found < 0 || (found && parse(text, ms)))
        return refuse(call, name, CLOCK_NOT_A_TIME);
    return true;
}

static bool
take_cursor(struct call *call, int64_t *before)
{
    char text[32], *rest;
    int found = call_query(call, "after", text, sizeof text);

    if (!found)
        return true;
    errno = 0;
    *before = found < 0 || text[strspn(text, "0123456789abcdef")] ? 0 : strtoll(text, &rest, 16);
    return *before > 0 && !errno ? true
                                 : refuse(call, "after", "must be \"next\" of the previous reply");
}

static bool
take_text(struct call *call, const char *name, char text[VALUE_BYTES])
{
    return call_query(call, name, text, VALUE_BYTES) < 0 ? refuse(call, name, "must be a name")
                                                         : true;
}

/* False: replied with 400. */
static bool
read_question(struct call *call, struct question *q)
{
    *q = (struct question){.to_ms = INT64_MAX, .before = INT64_MAX, .limit = LIMIT_DEFAULT};
    if (call_query_number(call, "limit", 1, LIMIT_MAX, &q->limit))
        return refuse(call, "limit", "must be a whole number from 1 to 1000");
    return take_text(call, "workshop", q->workshop) && take_text(call, "by", q->by) &&
           take_time(call, "from", clock_parse_from, &q->from_ms) &&
           take_time(call, "to", clock_parse_to, &q->to_ms) && take_cursor(call, &q->before);
}

static void
start(struct trail *trail, struct call *call, const struct question *q)
{
    struct err err;
    int fd = spawn_helper(run, (const char *)q, &err);
    struct trail_search *search;

    if (fd < 0) {
        call_problem(call, 503, "audit_unreadable", NULL, "%s", err.text);
        return;
    }
    search = mem_alloc(sizeof *search);
    *search = (struct trail_search){.trail = trail, .call = call};
    search->event = loop_event(trail->base, fd, EV_READ | EV_PERSIST, on_readable, search);
    event_add(search->event, NULL);
    TAILQ_INSERT_TAIL(&trail->searches, search, link);
    trail->search_count++;
}

void
trail_search(struct trail *trail, struct call *call)
{
    struct question question;

    if (!read_question(call, &question))
        return;
    question.path = trail->path;
    if (trail->search_count < SEARCHES_MAX) {
        start(trail, call, &question);
        return;
    }
    call_header(call, "Retry-After", "1");
    call_problem(call, 503, "busy", NULL,
                 "%u searches of the audit trail are already running: try again",
                 trail->search_count);
}
