#include "supervisor/across/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/ipc/reply_body.h"
#include "supervisor/across/query.h"
#include "supervisor/daemon/children.h"

struct part {
    struct gather *gather;
    char *workshop; /* its name */
    char slug[CONFIG_SLUG_MAX + 1];
    enum asked asked;
    char *text; /* the body of its reply; NULL: none */
};

struct gather {
    TAILQ_ENTRY(gather) link;
    struct gathers *gathers;
    struct call *call;
    bool single; /* its only part's reply is the reply */
    bool csv;
    struct part *parts;
    size_t count, awaited, bytes;
    json_t *refusal; /* a message `reply`: what each of them would say */
};

struct gathers {
    struct daemon *daemon;
    struct asks *asks;
    void (*answer)(struct call *call, const json_t *reply);
    TAILQ_HEAD(, gather) open;
    unsigned open_count;
};

static void
gather_free(struct gather *gather)
{
    TAILQ_REMOVE(&gather->gathers->open, gather, link);
    gather->gathers->open_count -= !gather->single;
    for (size_t i = 0; i < gather->count; i++) {
        free(gather->parts[i].workshop);
        free(gather->parts[i].text);
    }
    json_decref(gather->refusal);
    free(gather->parts);
    free(gather);
}

/* --- replies of all --- */

static json_t *
incomplete_json(const struct gather *gather)
{
    json_t *slugs = json_array();

    for (size_t i = 0; i < gather->count; i++)
        if (gather->parts[i].asked == ASKED_NOTHING)
            json_array_append_new(slugs, json_string(gather->parts[i].slug));
    return slugs;
}

/* Each part was found to be JSON when it came. */
static void
reply_json(const struct gather *gather, FILE *out)
{
    json_t *slugs = incomplete_json(gather);
    const char *before = "";

    fputs("{\"workshops\":[", out);
    for (size_t i = 0; i < gather->count; i++)
        if (gather->parts[i].text) {
            fprintf(out, "%s%s", before, gather->parts[i].text);
            before = ",";
        }
    fputs("],\"incomplete\":", out);
    json_dumpf(slugs, out, JSON_COMPACT);
    fputc('}', out);
    json_decref(slugs);
}

/* RFC 4180: in quotes, which are doubled inside. */
static void
put_cell(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++)
        fprintf(out, *text == '"' ? "\"%c" : "%c", *text);
    fputs("\",", out);
}

/* Each line behind the workshop's name; the first one of a reply is the header. A line break inside
 * quotes ends no line. */
static void
put_lines(FILE *out, const struct part *part, bool with_header)
{
    bool header = true, quoted = false, begins = true;

    for (const char *at = part->text; *at; at++) {
        bool ends = *at == '\n' && !quoted;

        if (begins && header && with_header)
            fputs("workshop,", out);
        else if (begins && !header)
            put_cell(out, part->workshop);
        begins = ends;
        quoted = quoted != (*at == '"');
        if (!header || with_header)
            fputc(*at, out);
        header = header && !ends;
    }
}

static void
reply_csv(const struct gather *gather, FILE *out)
{
    bool with_header = true;

    for (size_t i = 0; i < gather->count; i++)
        if (gather->parts[i].text) {
            put_lines(out, &gather->parts[i], with_header);
            with_header = false;
        }
}

static void
reply(const struct gather *gather)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        die_abort("out of memory for a report");
    (gather->csv ? reply_csv : reply_json)(gather, out);
    if (fclose(out))
        die_abort("out of memory for a report");
    call_reply_owned(gather->call, 200,
                     gather->csv ? "text/csv; charset=utf-8" : "application/json", text, length);
}

/* A table has no place for what is missing in it. */
static bool
refuse_incomplete(const struct gather *gather)
{
    json_t *slugs = incomplete_json(gather), *problem;
    bool any = json_array_size(slugs) != 0;

    if (any) {
        problem = problem_json(503, "incomplete", NULL, "some workshops did not answer");
        json_object_set(problem, "incomplete", slugs);
        call_problem_json(gather->call, problem);
    }
    json_decref(slugs);
    return any;
}

/* --- the reply of one --- */

static void
refuse_single(const struct gather *gather)
{
    const struct part *part = gather->parts;
    struct call *call = gather->call;

    if (part->asked == ASKED_EMPTY)
        call_problem(call, 503, "not_running", NULL,
                     "the workshop has never run: it has no queue yet");
    else
        call_problem(call, 504, "unresponsive", NULL,
                     "no reply from the workshop's process within %d s", ASKS_PATIENCE_MS / 1000);
}

static void
finish(struct gather *gather)
{
    if (gather->refusal)
        gather->gathers->answer(gather->call, gather->refusal);
    else if (gather->single)
        refuse_single(gather);
    else if (!gather->csv || !refuse_incomplete(gather))
        reply(gather);
    gather_free(gather);
}

/* The part's text: sound JSON that is about its own workshop, or CSV. NULL: it is neither. */
static char *
part_text(const struct part *part, const char *body, size_t length)
{
    json_t *object;
    char *own = NULL;

    if (part->gather->csv)
        return strlen(body) == length ? mem_string(body) : NULL;
    object = json_loadb(body, length, 0, NULL);
    if (json_is_object(object)) {
        json_object_set_new(object, "workshop", json_string(part->workshop));
        own = json_dumps(object, JSON_COMPACT);
    }
    json_decref(object);
    return own;
}

static void
take(struct part *part, const json_t *message)
{
    struct gather *gather = part->gather;
    json_int_t status = json_integer_value(json_object_get(message, "status"));
    size_t length = 0;
    char *body;

    if (gather->single || (status == 400 && !gather->refusal)) {
        json_decref(gather->refusal);
        gather->refusal = json_incref((json_t *)message);
        return;
    }
    body = reply_body_get(message, &length);
    gather->bytes += length;
    if (status == 200 && body && gather->bytes <= GATHER_BYTES_MAX)
        part->text = part_text(part, body, length);
    if (!part->text)
        part->asked = ASKED_NOTHING;
    free(body);
}

static void
on_asked(enum asked asked, const json_t *message, void *arg)
{
    struct part *part = arg;
    struct gather *gather = part->gather;

    part->asked = asked;
    if (message)
        take(part, message);
    if (!--gather->awaited)
        finish(gather);
}

/* --- the beginning --- */

static void
add_part(struct gather *gather, const struct child *child)
{
    struct part *part = &gather->parts[gather->count++];

    *part = (struct part){.gather = gather, .workshop = mem_string(child->workshop->name)};
    text_copy(part->slug, sizeof part->slug, child->workshop->slug);
}

/* only NULL: all workshops. */
static void
start(struct gathers *gathers, struct call *call, struct child *only)
{
    const struct daemon *daemon = gathers->daemon;
    struct gather *gather = mem_alloc(sizeof *gather);
    char *rest = call_query_without(call, "workshop"), format[8],
         *target = mem_format("%s%s", call->path, rest);

    *gather = (struct gather){.gathers = gathers, .call = call, .single = only != NULL};
    gather->csv = call_query(call, "format", format, sizeof format) > 0 && !strcmp(format, "csv");
    gather->parts = mem_alloc((daemon->child_count + 1) * sizeof *gather->parts);
    TAILQ_INSERT_TAIL(&gathers->open, gather, link);
    gathers->open_count += !gather->single;
    for (size_t i = 0; i < daemon->child_count; i++)
        if (!only || daemon->children[i] == only) {
            add_part(gather, daemon->children[i]);
            gather->awaited++;
            asks_send(gathers->asks, daemon->children[i], target, on_asked,
                      &gather->parts[gather->count - 1]);
        }
    free(target);
    free(rest);
    if (!gather->count)
        finish(gather);
}

void
gathers_report(struct gathers *gathers, struct call *call)
{
    struct child *only;

    if (!query_workshop(gathers->daemon, call, &only))
        return;
    if (only || gathers->open_count < GATHER_CALLS_MAX) {
        start(gathers, call, only);
        return;
    }
    call_header(call, "Retry-After", "1");
    call_problem(call, 503, "busy", NULL,
                 "%u reports over all workshops are already running: try again",
                 gathers->open_count);
}

void
gathers_worksheet(struct gathers *gathers, struct call *call, bool needs_process)
{
    struct child *only;

    if (!query_workshop(gathers->daemon, call, &only))
        return;
    if (!only)
        call_problem(call, 400, "missing_fields", json_pack("[s]", "workshop"),
                     "workshop is missing");
    else if (needs_process && !only->pid)
        call_problem(call, 503, "not_running", NULL,
                     "the workshop's process is not running: start it with pumplinectl %s %s",
                     only->workshop->active ? "start" : "activate", only->workshop->slug);
    else
        start(gathers, call, only);
}

struct gathers *
gathers_new(struct daemon *daemon, struct asks *asks,
            void (*answer)(struct call *call, const json_t *reply))
{
    struct gathers *gathers = mem_alloc(sizeof *gathers);

    gathers->daemon = daemon;
    gathers->asks = asks;
    gathers->answer = answer;
    TAILQ_INIT(&gathers->open);
    return gathers;
}

void
gathers_free(struct gathers *gathers)
{
    struct gather *gather;

    while ((gather = TAILQ_FIRST(&gathers->open))) {
        for (size_t i = 0; i < gather->count; i++)
            asks_forget(gathers->asks, &gather->parts[i]);
        call_problem(gather->call, 503, "stopping", NULL, "the daemon is stopping");
        gather_free(gather);
    }
    free(gathers);
}
