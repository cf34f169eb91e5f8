/* A child's messages on its channel, which are untrusted: the process may be compromised. A table
 * per message says what is copied; the rest is ignored. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/ipc/chan.h"
#include "common/json/author.h"
#include "common/json/schema.h"
#include "supervisor/child/state.h"

#define SHORT_BYTES (64u << 10) /* of every message but a reply */
#define VALUES 256
#define PER_S 2000

/* --- contents of each message --- */

static const struct schema_member orders[] = {{.name = "placed", .kind = SCHEMA_NUMBER},
                                              {.name = "processing", .kind = SCHEMA_NUMBER},
                                              {.name = "created", .kind = SCHEMA_NUMBER},
                                              {.name = "error", .kind = SCHEMA_NUMBER},
                                              {.name = NULL}};

static const struct schema_member salvaged[] = {{.name = "at", .kind = SCHEMA_TEXT, .max = 32},
                                                {.name = "file", .kind = SCHEMA_TEXT, .max = 4096},
                                                {.name = "orders", .kind = SCHEMA_NUMBER},
                                                {.name = "for_a_person", .kind = SCHEMA_NUMBER},
                                                {.name = NULL}};

/* The same as GET /alive: a member added there needs a row here. */
static const struct schema_member alive[] = {
    {.name = "workshop", .kind = SCHEMA_TEXT, .max = 512},
    {.name = "api", .kind = SCHEMA_TEXT, .max = 32},
    {.name = "worker", .kind = SCHEMA_TEXT, .max = CHILD_WORKER_MAX},
    {.name = "worker_reason", .kind = SCHEMA_TEXT, .or_null = true, .max = CHILD_REASON_MAX},
    {.name = "worker_text", .kind = SCHEMA_TEXT, .or_null = true, .max = 4096},
    {.name = "worker_since", .kind = SCHEMA_TEXT, .or_null = true, .max = 32},
    {.name = "worker_until", .kind = SCHEMA_TEXT, .or_null = true, .max = 32},
    {.name = "next_probe_at", .kind = SCHEMA_TEXT, .or_null = true, .max = 32},
    {.name = "erp_system", .kind = SCHEMA_TEXT, .max = 32},
    {.name = "queue_length", .kind = SCHEMA_NUMBER},
    {.name = "oldest_placed_age_s", .kind = SCHEMA_NUMBER, .or_null = true},
    {.name = "orders", .kind = SCHEMA_OBJECT, .members = orders},
    {.name = "needs_attention", .kind = SCHEMA_NUMBER},
    {.name = "pid", .kind = SCHEMA_NUMBER},
    {.name = "uptime_s", .kind = SCHEMA_NUMBER},
    {.name = "version", .kind = SCHEMA_TEXT, .max = 64},
    {.name = "salvaged", .kind = SCHEMA_OBJECT, .or_null = true, .members = salvaged},
    {.name = NULL}};

static const struct schema_member of_ready[] = {{.name = "rekeyed", .kind = SCHEMA_TRUTH},
                                                {.name = NULL}};
static const struct schema_member of_status[] = {
    {.name = "alive", .kind = SCHEMA_OBJECT, .members = alive},
    {.name = "counters", .kind = SCHEMA_TEXT, .max = COUNTERS_TEXT_BYTES},
    {.name = "attention_ms", .kind = SCHEMA_NUMBER},
    {.name = "asleep", .kind = SCHEMA_TRUTH},
    {.name = NULL}};
static const struct schema_member of_pong[] = {{.name = "asleep", .kind = SCHEMA_TRUTH},
                                               {.name = NULL}};
static const struct schema_member of_orders[] = {
    {.name = "events", .kind = SCHEMA_TEXTS, .max = 64},
    {.name = "lost", .kind = SCHEMA_TRUTH},
    {.name = NULL}};
static const struct schema_member of_reply[] = {
    {.name = "id", .kind = SCHEMA_NUMBER},
    {.name = "status", .kind = SCHEMA_NUMBER},
    {.name = "content_type", .kind = SCHEMA_TEXT, .max = 128},
    {.name = "header", .kind = SCHEMA_TEXTS, .max = 2},
    {.name = "body", .kind = SCHEMA_TEXT, .max = CHAN_LINE_MAX},
    {.name = "base64", .kind = SCHEMA_TEXT, .max = CHAN_LINE_MAX},
    {.name = NULL}};
static const struct schema_member of_refused[] = {
    {.name = "reason", .kind = SCHEMA_TEXT, .max = 4096}, {.name = NULL}};
static const struct schema_member of_bye[] = {{.name = "waiting", .kind = SCHEMA_NUMBER},
                                              {.name = "rekeyed", .kind = SCHEMA_TRUTH},
                                              {.name = "open", .kind = SCHEMA_TRUTH},
                                              {.name = "renews", .kind = SCHEMA_TRUTH},
                                              {.name = NULL}};
static const struct schema_member of_resolve[] = {{.name = "id", .kind = SCHEMA_NUMBER},
                                                  {.name = "name", .kind = SCHEMA_TEXT, .max = 255},
                                                  {.name = NULL}};
static const struct schema_member of_token_used[] = {
    {.name = "hash", .kind = SCHEMA_TEXT, .max = SECRET_HASH_TEXT_BYTES - 1},
    {.name = "at", .kind = SCHEMA_NUMBER},
    {.name = NULL}};
static const struct schema_member of_audit[] = {
    {.name = "who", .kind = SCHEMA_TEXT, .max = AUTHOR_WHO_MAX},
    {.name = "address", .kind = SCHEMA_TEXT, .or_null = true, .max = 46},
    {.name = "what", .kind = SCHEMA_TEXT, .max = 640},
    {.name = "status", .kind = SCHEMA_NUMBER},
    {.name = "code", .kind = SCHEMA_TEXT, .or_null = true, .max = 64},
    {.name = NULL}};
static const struct schema_member of_nothing[] = {{.name = NULL}};

/* --- handling of each message --- */

static void
take_rekeyed(struct child *child, const json_t *message)
{
    child->rekeyed = child->told && json_is_true(json_object_get(message, "rekeyed"));
}

static void
on_ready(struct child *child, const json_t *message)
{
    if (child->state != CHILD_STARTING)
        return;
    failpoint_here("child.ready");
    child->was_ready = true;
    child->ready_ms = clock_monotonic_ms();
    child->failures = child->unanswered = 0;
    child->last_error[0] = '\0';
    take_rekeyed(child, message);
    child_move(child, CHILD_RUNNING, CHILD_SILENT_MS, "process %ld is ready", (long)child->pid);
}

/* A new process begins at 0; when the last order was created is still known. */
static void
take_counters(struct child *child, const json_t *message)
{
    const char *text = json_string_value(json_object_get(message, "counters"));
    uint64_t last_success_ms = child->counters.last_success_ms;

    if (text && counters_parse(text, &child->counters) == 0 && !child->counters.last_success_ms)
        child->counters.last_success_ms = last_success_ms;
}

static void
on_orders(struct child *child, const json_t *message)
{
    const json_t *events = json_object_get(message, "events");

    if (child->watched && events && child->host->orders)
        child->host->orders(child, events, json_is_true(json_object_get(message, "lost")),
                            child->host->arg);
}

static bool
is_asleep(const json_t *message)
{
    return json_is_true(json_object_get(message, "asleep"));
}

static void
on_status(struct child *child, const json_t *message)
{
    const json_t *said = json_object_get(message, "alive");
    const char *worker = child->status.worker;

    if (!said)
        return;
    child_heard(child, is_asleep(message));
    child_status_set(&child->status, said);
    child->attention_ms = json_integer_value(json_object_get(message, "attention_ms"));
    take_counters(child, message);
    child->alive_ms = clock_monotonic_ms();
    /* A stopping worker may report itself as stopped, which no person requested. The last words of
     * one that died count. */
    if (*worker && (child->state == CHILD_RUNNING || (!child->pid && !child->asked))) {
        child->worker_wanted = strcmp(worker, "stopped") != 0;
        child->worker_known = true;
    }
    child_changed(child);
}

static void
on_pong(struct child *child, const json_t *message)
{
    child_heard(child, is_asleep(message));
}

static void
on_reply(struct child *child, const json_t *message)
{
    child->host->replied(child, message, child->host->arg);
}

static void
on_audit(struct child *child, const json_t *message)
{
    if (json_object_get(message, "what") && json_object_get(message, "status"))
        child->host->audited(child, message, child->host->arg);
}

/* Its last message: why it cannot start. */
static void
on_refused(struct child *child, const json_t *message)
{
    const char *reason = json_string_value(json_object_get(message, "reason"));

    if (child->was_ready || !reason)
        return;
    text_copy(child->last_error, sizeof child->last_error, reason);
    text_clean(child->last_error);
    child_changed(child);
}

static void
on_killed(struct child *child, const json_t *message)
{
    (void)message;
    child->wanted = CHILD_DOWN;
    child_close_listener(child);
    if (child->state != CHILD_STOPPING)
        child_leave(child, CHILD_KILLED_ITSELF_MS, "a client killed process %ld", (long)child->pid);
}

/* One that does so over and over is not taken at its word. */
static bool
has_lived(const struct child *child)
{
    return child->was_ready && clock_monotonic_ms() - child->ready_ms >= CHILD_SHORT_LIFE_MS;
}

static void
on_bye(struct child *child, const json_t *message)
{
    json_t *waiting = json_object_get(message, "waiting");

    if (json_is_integer(waiting))
        child->waiting = json_integer_value(waiting);
    child->left_open = json_is_true(json_object_get(message, "open"));
    child->renews = json_is_true(json_object_get(message, "renews")) && has_lived(child);
    take_rekeyed(child, message);
}

static bool
has_token(const struct child *child, const char *hash)
{
    const json_t *tokens = json_object_get(child->workshop->document, "api_tokens");

    for (size_t i = 0; hash && i < json_array_size(tokens); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(tokens, i), "hash")) ?: "",
                   hash) == 0)
            return true;
    return false;
}

/* It outlives the process. A process can name no other tokens than its own. */
static void
on_token_used(struct child *child, const json_t *message)
{
    const char *hash = json_string_value(json_object_get(message, "hash"));
    json_t *at = json_object_get(message, "at");

    if (!json_is_integer(at) || !has_token(child, hash))
        return;
    if (!child->token_uses)
        child->token_uses = json_object();
    json_object_set(child->token_uses, hash, at);
}

static void
on_tokens_set(struct child *child, const json_t *message)
{
    (void)message;
    if (child->tokens_sent && !--child->tokens_sent)
        child_changed(child);
}

static void
on_watching(struct child *child, const json_t *message)
{
    (void)message;
    if (child->watches_sent && !--child->watches_sent)
        child_changed(child);
}

static const struct said {
    const char *type;
    const struct schema_member *members;
    void (*handle)(struct child *child, const json_t *message);
} messages[] = {{"ready", of_ready, on_ready},
                {"status", of_status, on_status},
                {"orders", of_orders, on_orders},
                {"pong", of_pong, on_pong},
                {"reply", of_reply, on_reply},
                {"refused", of_refused, on_refused},
                {"killed", of_nothing, on_killed},
                {"audit", of_audit, on_audit},
                {"kill_browsers", of_nothing, child_kill_browsers},
                {"bye", of_bye, on_bye},
                {"resolve", of_resolve, child_resolve},
                {"tokens_set", of_nothing, on_tokens_set},
                {"watching", of_nothing, on_watching},
                {"token_used", of_token_used, on_token_used}};

/* Once per process: an attacker must not be able to flood the log. */
static void
complain(struct child *child, const char *what)
{
    if (!child->misspoke)
        log_about(LOG_WARNING, child->workshop->name,
                  "ignoring an invalid message from the process: %s", what);
    child->misspoke = true;
}

void
child_message(json_t *message, void *arg)
{
    struct child *child = arg;
    const char *type = json_string_value(json_object_get(message, "type")), *unsound = NULL;
    json_t *copy;

    child_read_logs(child);
    for (size_t i = 0; type && i < sizeof messages / sizeof *messages; i++)
        if (strcmp(type, messages[i].type) == 0) {
            copy = schema_copy(messages[i].members, message, &unsound);
            if (unsound)
                complain(child, unsound);
            messages[i].handle(child, copy);
            json_decref(copy);
            return;
        }
    complain(child, "unknown message type");
}

/* Only requested replies are long. */
static size_t
line_bytes(const char *start, size_t length)
{
    static const char reply[] = "{\"type\":\"reply\",";

    return length >= sizeof reply - 1 && strncmp(start, reply, sizeof reply - 1) == 0
               ? CHAN_LINE_MAX
               : SHORT_BYTES;
}

void
child_limit(struct child *child)
{
    static const struct chan_limits limits = {line_bytes, VALUES, PER_S};

    chan_limit(child->chan, &limits);
    child->misspoke = false;
}
