/* What the control API shows. */
#include "supervisor/monitoring/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/secret.h"

#define UPTIME_BYTES (sizeof ",\"uptime_s\":}" + 20)

static json_t *
last_exit_json(const struct child_exit *last)
{
    char at[CLOCK_TEXT_BYTES], text[96];

    if (!last->at_ms)
        return json_null();
    clock_text(last->at_ms, at);
    child_exit_text(last, text, sizeof text);
    return json_pack("{ss so so ss}", "at", at, "code",
                     last->code < 0 ? json_null() : json_integer(last->code), "signal",
                     last->signal ? json_integer(last->signal) : json_null(), "text", text);
}

/* The faults of its configuration, or the reason for which its process refused it. */
static json_t *
faults_json(const struct child *child)
{
    struct json_faults refused = {NULL, 0};
    char file[CONFIG_SLUG_MAX + 8];
    json_t *list;

    if (child_is_faulty(child))
        return json_faults_json(&child->workshop->faults);
    if (child->state != CHILD_FAILED)
        return json_null();
    snprintf(file, sizeof file, "%s.json", child->workshop->slug);
    json_fault_add(&refused, file, "", "%s", child->last_error);
    list = json_faults_json(&refused);
    json_faults_clear(&refused);
    return list;
}

/* All but its uptime. */
static json_t *
integration(const struct child *child)
{
    const struct workshop_config *workshop = child->workshop;
    char *moved = config_moved_out(workshop->document);
    json_t *view = json_pack(
        "{ss ss so ss? sb ss so so sI so ss?}", "workshop", workshop->name, "slug", workshop->slug,
        "port", workshop->port ? json_integer(workshop->port) : json_null(), "erp_system",
        workshop->erp_system, "active", workshop->active, "process", child_state_name(child->state),
        "faults", faults_json(child), "pid", child->pid ? json_integer(child->pid) : json_null(),
        "restarts", (json_int_t)child->restarts, "last_exit", last_exit_json(&child->last_exit),
        "last_error", *child->last_error ? child->last_error : moved);

    free(moved);
    if (!view)
        die_abort("cannot write an integration as JSON");
    if (child->status.alive && child->pid) {
        json_t *alive = json_loads(child->status.alive, 0, NULL);

        json_object_update_missing(view, alive);
        json_decref(alive);
    }
    json_object_del(view, "uptime_s");
    return view;
}

/* It goes on while the process has nothing new to say. -1: there is no process. */
static json_int_t
uptime_s(const struct child *child)
{
    if (!child->status.alive || child->status.uptime_s < 0 || !child->pid)
        return -1;
    return child->status.uptime_s + (clock_monotonic_ms() - child->alive_ms) / 1000;
}

json_t *
view_integration(const struct child *child)
{
    json_t *view = integration(child);
    json_int_t uptime = uptime_s(child);

    if (uptime >= 0)
        json_object_set_new(view, "uptime_s", json_integer(uptime));
    return view;
}

/* The same as text, which is kept: a thousand of them in one reply would take long to write. Open
 * for its uptime. */
static const char *
integration_text(struct child *child)
{
    json_t *view;

    if (child->view)
        return child->view;
    view = integration(child);
    child->view = json_dumps(view, JSON_COMPACT);
    if (!child->view)
        die_abort("cannot write an integration as JSON");
    child->view[strlen(child->view) - 1] = '\0';
    json_decref(view);
    return child->view;
}

/* At most UPTIME_BYTES more than the text has. */
static char *
integration_write(struct child *child, char *to)
{
    json_int_t uptime = uptime_s(child);

    to = stpcpy(to, integration_text(child));
    if (uptime >= 0)
        to += sprintf(to, ",\"uptime_s\":%" JSON_INTEGER_FORMAT, uptime);
    return stpcpy(to, "}");
}

struct summary {
    json_int_t active, running, parked, failed, queue_length, needs_attention;
};

static void
summary_add(struct summary *summary, const struct child *child)
{
    summary->active += child->workshop->active;
    summary->running += child->state == CHILD_RUNNING;
    summary->failed += child->state == CHILD_FAILED;
    summary->parked += strcmp(child->status.worker, "parked") == 0;
    summary->queue_length += child->status.queue_length;
    summary->needs_attention += child->status.needs_attention;
}

static json_t *
summary_json(const struct daemon *daemon)
{
    struct summary summary = {0};

    for (size_t i = 0; i < daemon->child_count; i++)
        summary_add(&summary, daemon->children[i]);
    return json_pack(
        "{ss si sI s{sI sI sI sI sI sI sI}}", "version", PUMPLINE_VERSION, "pid", (int)getpid(),
        "uptime_s", (json_int_t)(clock_monotonic_ms() - daemon->started_ms) / 1000, "summary",
        "total", (json_int_t)daemon->child_count, "active", summary.active, "running",
        summary.running, "parked", summary.parked, "failed", summary.failed, "queue_length",
        summary.queue_length, "needs_attention", summary.needs_attention);
}

/* Its size is known before it is written: a stream that grows would touch three times the memory,
 * which takes longer than all the rest. */
char *
view_health(const struct daemon *daemon, size_t *length)
{
    json_t *summary = summary_json(daemon);
    char *head = json_dumps(summary, JSON_COMPACT), *text, *end;
    size_t size;

    if (!head)
        die_abort("out of memory for the health of %zu workshops", daemon->child_count);
    head[strlen(head) - 1] = '\0';
    size = strlen(head) + sizeof ",\"integrations\":[]}";
    for (size_t i = 0; i < daemon->child_count; i++)
        size += strlen(integration_text(daemon->children[i])) + UPTIME_BYTES + 1;
    text = mem_alloc(size);
    end = stpcpy(stpcpy(text, head), ",\"integrations\":[");
    for (size_t i = 0; i < daemon->child_count; i++) {
        if (i)
            *end++ = ',';
        end = integration_write(daemon->children[i], end);
    }
    end = stpcpy(end, "]}");
    *length = (size_t)(end - text);
    free(head);
    json_decref(summary);
    return text;
}

/* When a token (as stored) was last used, as far as its process has told this daemon. */
static json_t *
last_used(const struct child *child, const json_t *token)
{
    const char *hash = json_string_value(json_object_get(token, "hash"));
    json_int_t at_ms = json_integer_value(hash ? json_object_get(child->token_uses, hash) : NULL);
    char at[CLOCK_TEXT_BYTES];

    if (!at_ms)
        return json_null();
    clock_text(at_ms, at);
    return json_string(at);
}

/* Without secrets, but with what is known of its tokens. */
static json_t *
configuration(const struct child *child)
{
    json_t *document = workshop_config_public(child->workshop);
    json_t *shown = json_object_get(document, "api_tokens");
    const json_t *stored = json_object_get(child->workshop->document, "api_tokens");

    for (size_t i = 0; i < json_array_size(shown); i++)
        json_object_set_new(json_array_get(shown, i), "last_used_at",
                            last_used(child, json_array_get(stored, i)));
    return document;
}

static void
hash_text(const char *text, char etag[VIEW_ETAG_BYTES])
{
    char hash[SECRET_HASH_TEXT_BYTES];

    secret_token_hash(text, hash);
    snprintf(etag, VIEW_ETAG_BYTES, "\"%.32s\"", hash);
}

/* With the sealed values, so that another password is another version. */
bool
view_etag(const struct workshop_config *workshop, char etag[VIEW_ETAG_BYTES])
{
    char *text = workshop->document ? json_dumps(workshop->document,
                                                 JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
                                    : NULL;

    if (text)
        hash_text(text, etag);
    free(text);
    return text != NULL;
}

void
view_workshops_etag(const struct daemon *daemon, char etag[VIEW_ETAG_BYTES])
{
    char *all = mem_alloc(daemon->child_count * VIEW_ETAG_BYTES + 1), *end = all;

    for (size_t i = 0; i < daemon->child_count; i++) {
        char one[VIEW_ETAG_BYTES] = "-";

        view_etag(daemon->children[i]->workshop, one);
        end = stpcpy(end, one);
    }
    hash_text(all, etag);
    free(all);
}

json_t *
view_workshops(const struct daemon *daemon)
{
    json_t *workshops = json_array();

    for (size_t i = 0; i < daemon->child_count; i++) {
        const struct child *child = daemon->children[i];

        json_array_append_new(
            workshops,
            json_pack("{ss ss sb ss so}", "workshop", child->workshop->name, "slug",
                      child->workshop->slug, "active", child->workshop->active, "process",
                      child_state_name(child->state), "configuration", configuration(child)));
    }
    return json_pack("{so}", "workshops", workshops);
}

json_t *
view_workshop(const struct child *child)
{
    json_t *view = view_integration(child);

    json_object_set_new(view, "configuration", configuration(child));
    return view;
}

json_t *
view_tokens(const struct child *child)
{
    const json_t *stored = json_object_get(child->workshop->document, "api_tokens");
    json_t *tokens = json_array();

    for (size_t i = 0; i < json_array_size(stored); i++) {
        const json_t *token = json_array_get(stored, i);

        json_array_append_new(tokens,
                              json_pack("{sO? sO so}", "name", json_object_get(token, "name"),
                                        "scope", json_object_get(token, "scope"), "last_used_at",
                                        last_used(child, token)));
    }
    return json_pack("{ss so}", "workshop", child->workshop->name, "tokens", tokens);
}
