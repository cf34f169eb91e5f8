/* Entries of the audit trail. Bodies never go into it: they may hold passwords. */
#include "supervisor/control/record.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "supervisor/audit/trail.h"
#include "supervisor/daemon/children.h"

#define WHAT_BYTES 512

/* Of a call that is not replied to yet. */
struct record {
    struct control *control;
    char user[PEER_NAME_BYTES];
    json_t *workshop; /* {"workshop", "slug"}, as at the time of the call; NULL: unknown */
};

static bool
is_test(const char *path)
{
    const char *last = strrchr(path, '/');

    return strncmp(path, "/workshops/", 11) == 0 &&
           (strcmp(last, "/test") == 0 || strcmp(last, "/dry_run") == 0);
}

/* Neither writes a file, nor touches a queue or a process. */
static bool
changes_nothing(const struct call *call)
{
    char dry_run[8];

    return strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0 ||
           strcmp(call->path, "/seal") == 0 || is_test(call->path) ||
           (call_query(call, "dry_run", dry_run, sizeof dry_run) > 0 &&
            strcmp(dry_run, "true") == 0);
}

/* NULL: the path names no workshop that is known. */
static json_t *
workshop_of(const struct control *control, const struct call *call)
{
    const struct child *child = strncmp(call->path, "/workshops/", 11) == 0
                                    ? children_find(control->daemon, call->params[0])
                                    : NULL;

    return child ? json_pack("{ss ss}", "workshop", child->workshop->name, "slug",
                             child->workshop->slug)
                 : NULL;
}

/* It was not a valid call, so it cannot have changed anything. */
static bool
is_unknown(const json_t *code)
{
    static const char *const codes[] = {"not_found", "method_not_allowed"};
    const char *text = json_string_value(code);

    for (size_t i = 0; text && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(text, codes[i]) == 0)
            return true;
    return false;
}

static char *
what_text(const struct call *call)
{
    char force[8], *text;
    bool forced = call_query(call, "force", force, sizeof force) > 0 && strcmp(force, "true") == 0;

    text =
        mem_format("%s %.*s%s", call->method, WHAT_BYTES, call->path, forced ? "?force=true" : "");
    text_clean(text);
    return text;
}

/* Takes over code. */
static void
write_entry(const struct record *record, const struct call *call, int status, json_t *code)
{
    char *what = what_text(call);
    json_t *entry = json_pack("{sO? sO? so ss ss sn ss si so?}", "workshop",
                              json_object_get(record->workshop, "workshop"), "slug",
                              json_object_get(record->workshop, "slug"), "by",
                              author_json(&call->by), "from", call->by.via, "user", record->user,
                              "address", "what", what, "status", status, "code", code);

    trail_add(record->control->trail, entry);
    free(what);
}

static void
on_reply(const struct call *call, int status, const char *body, size_t length)
{
    struct record *record = call->observer;
    json_t *code = problem_code(status, body, length);

    if (!record->workshop)
        record->workshop = workshop_of(record->control, call);
    if (is_unknown(code))
        json_decref(code);
    else
        write_entry(record, call, status, code);
    json_decref(record->workshop);
    free(record);
}

void
record_call(struct control *control, struct call *call)
{
    struct record *record;

    if (changes_nothing(call))
        return;
    record = mem_alloc(sizeof *record);
    record->control = control;
    record->workshop = workshop_of(control, call);
    text_copy(record->user, sizeof record->user,
              peer_names_find(&control->peers, (uid_t)call->uid));
    call->observe = on_reply;
    call->observer = record;
}

/* --- changes on a port --- */

static bool
may_record(struct child *child)
{
    int64_t now_ms = clock_monotonic_ms(),
            full_ms = now_ms - (int64_t)RECORD_BURST * RECORD_EACH_MS;

    if (child->record_due_ms < full_ms)
        child->record_due_ms = full_ms;
    if (child->record_due_ms > now_ms) {
        if (!child->unrecorded++)
            log_about(LOG_WARNING, child->workshop->name,
                      "too many changes on its port: they are not all in the audit trail");
        return false;
    }
    child->record_due_ms += RECORD_EACH_MS;
    return true;
}

void
record_port(struct control *control, struct child *child, const json_t *message)
{
    struct author by = {.who = ""};
    json_t *entry;

    if (!may_record(child))
        return;
    author_set(&by, json_string_value(json_object_get(message, "who")) ?: "", AUTHOR_TOKEN);
    text_clean(by.who);
    entry = json_pack("{ss ss so ss sn sO? sO? sO? sO?}", "workshop", child->workshop->name, "slug",
                      child->workshop->slug, "by", author_json(&by), "from", "port", "user",
                      "address", json_object_get(message, "address"), "what",
                      json_object_get(message, "what"), "status",
                      json_object_get(message, "status"), "code", json_object_get(message, "code"));
    if (child->unrecorded)
        json_object_set_new(entry, "left_out", json_integer(child->unrecorded));
    child->unrecorded = 0;
    trail_add(control->trail, entry);
}
