/* Lists over all daemons in pages, newest first: orders, and the audit trail.
 *
 * Each daemon is asked for a whole page. The newest of all items are the page; a daemon that has
 * given some of its items, but not all, is asked again for just so many: so its own cursor says
 * exactly where its list goes on. The cursor of the whole is NAME:CURSOR of each daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/percent.h"
#include "supervisor/console/api/fan.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define CURSOR_BYTES 65
#define CURSORS_BYTES (SETTINGS_SOCKETS_MAX * (CURSOR_BYTES + 34))
#define ENDED "-"
#define FAILED "!" /* it stays away from this list: what it has would come out of order */

struct kind {
    const char *path, *member, *key;
};

/* One daemon's list. */
struct source {
    char cursor[CURSOR_BYTES]; /* where this page begins; empty: at the beginning */
    char next[CURSOR_BYTES];   /* where it goes on behind the items */
    json_t *items, *incomplete;
    size_t count, taken; /* so many of the items may be taken; have been */
    bool again;          /* asked for just those */
};

struct paged {
    const struct kind *kind;
    char *query; /* "?status=error&", or "?" */
    unsigned limit;
    bool exact; /* each list ends with what it gives */
    struct source sources[SETTINGS_SOCKETS_MAX];
};

static void
paged_free(struct paged *paged)
{
    for (size_t i = 0; i < SETTINGS_SOCKETS_MAX; i++) {
        json_decref(paged->sources[i].items);
        json_decref(paged->sources[i].incomplete);
    }
    free(paged->query);
    free(paged);
}

static bool
is_open(const struct source *source)
{
    return strcmp(source->cursor, ENDED) && strcmp(source->cursor, FAILED);
}

/* --- asking --- */

static void
ask(struct fan *fan, size_t at, size_t limit)
{
    const struct paged *paged = fan->state;
    const struct source *source = &paged->sources[at];
    char *after = percent_encode(source->cursor);
    char *target = mem_format("%s%slimit=%zu%s%s", paged->kind->path, paged->query, limit,
                              *after ? "&after=" : "", after);

    fan_ask(fan, at, target, NULL);
    free(target);
    free(after);
}

/* A cursor that does not fit is none of a daemon's. */
static bool
take_next(struct source *source, const json_t *body)
{
    const json_t *next = json_object_get(body, "next");

    if (json_string_length(next) >= sizeof source->next)
        return false;
    text_copy(source->next, sizeof source->next, json_string_value(next) ?: ENDED);
    return true;
}

static void
take_reply(const struct fan_part *part, struct source *source, const char *member)
{
    json_t *body = fan_json(part);
    json_t *items = json_object_get(body, member);

    if (json_is_array(items) && take_next(source, body)) {
        json_decref(source->items);
        json_decref(source->incomplete);
        source->items = json_incref(items);
        source->incomplete = json_incref(json_object_get(body, "incomplete"));
        source->count = json_array_size(items);
    } else { /* what it gave before still counts */
        text_copy(source->next, sizeof source->next, FAILED);
    }
    json_decref(body);
}

/* --- merging --- */

static const char *
key_of(const struct paged *paged, const struct source *source)
{
    const json_t *item = json_array_get(source->items, source->taken);

    return json_string_value(json_object_get(item, paged->kind->key)) ?: "";
}

/* The one with the newest item; NULL: there are no more, or a list whose next item is unknown may
 * have a newer one. */
static struct source *
newest(struct paged *paged, size_t count)
{
    struct source *found = NULL;

    for (size_t i = 0; i < count; i++) {
        struct source *source = &paged->sources[i];

        if (source->taken == source->count) {
            if (!paged->exact && is_open(source) && strcmp(source->next, ENDED) &&
                strcmp(source->next, FAILED))
                return NULL;
        } else if (!found || strcmp(key_of(paged, source), key_of(paged, found)) > 0) {
            found = source;
        }
    }
    return found;
}

/* Counts what each list gives, and asks those again that give a part. */
static void
choose(struct fan *fan)
{
    struct paged *paged = fan->state;
    struct source *source;

    for (unsigned n = 0; n < paged->limit && (source = newest(paged, fan->count)); n++)
        source->taken++;
    paged->exact = true;
    for (size_t i = 0; i < fan->count; i++) {
        source = &paged->sources[i];
        source->again = source->taken && source->taken < source->count;
        source->count = source->taken;
        source->taken = 0;
        if (source->again)
            ask(fan, i, source->count);
    }
}

static json_t *
merge(struct fan *fan)
{
    struct paged *paged = fan->state;
    struct source *source;
    json_t *page = json_array();

    while ((source = newest(paged, fan->count))) {
        json_t *item = json_array_get(source->items, source->taken++);

        if (fan_take(&fan->parts[source - paged->sources], item))
            json_array_append(page, item);
    }
    return page;
}

/* --- the reply --- */

/* NULL: all lists have ended. */
static json_t *
cursor_json(const struct fan *fan)
{
    const struct paged *paged = fan->state;
    char text[CURSORS_BYTES] = "";
    bool more = false;

    for (size_t i = 0; i < fan->count; i++) {
        const struct source *source = &paged->sources[i];
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used, "%s%s:%s", used ? "," : "",
                 fan->parts[i].link->socket->name, source->cursor);
        more = more || is_open(source);
    }
    return more ? json_string(text) : json_null();
}

static json_t *
incomplete_json(const struct fan *fan)
{
    const struct paged *paged = fan->state;
    json_t *incomplete = json_array();

    for (size_t i = 0; i < fan->count; i++) {
        fan_collect(&fan->parts[i], paged->sources[i].incomplete, incomplete);
        if (strcmp(paged->sources[i].cursor, FAILED) == 0)
            json_array_append_new(incomplete, json_string(fan->parts[i].link->socket->name));
    }
    return incomplete;
}

/* A list that gave nothing is asked for the same page again, unless there was nothing on it. */
static void
move_on(struct paged *paged, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct source *source = &paged->sources[i];

        if (is_open(source) && (source->count || !json_array_size(source->items)))
            text_copy(source->cursor, sizeof source->cursor, source->next);
    }
}

static void
on_exact(struct fan *fan)
{
    struct paged *paged = fan->state;
    json_t *page;

    for (size_t i = 0; i < fan->count; i++)
        if (paged->sources[i].again)
            take_reply(&fan->parts[i], &paged->sources[i], paged->kind->member);
    page = merge(fan);
    move_on(paged, fan->count);
    call_reply(fan->call, 200,
               json_pack("{so so so}", paged->kind->member, page, "incomplete",
                         incomplete_json(fan), "next", cursor_json(fan)));
    paged_free(paged);
    fan_free(fan);
}

static void
on_pages(struct fan *fan)
{
    struct paged *paged = fan->state;

    if (fan_refused(fan)) {
        paged_free(paged);
        fan_free(fan);
        return;
    }
    for (size_t i = 0; i < fan->count; i++)
        if (is_open(&paged->sources[i]))
            take_reply(&fan->parts[i], &paged->sources[i], paged->kind->member);
    fan->done = on_exact;
    choose(fan);
    fan_wait(fan);
}

/* --- the call --- */

/* NAME:CURSOR. A daemon that is new to the list stays away from it. */
static void
take_cursor(struct source *source, const char *name, const char *text)
{
    size_t length = strlen(name);

    text_copy(source->cursor, sizeof source->cursor, FAILED);
    while (*text) {
        size_t part = strcspn(text, ",");

        if (part > length && strncmp(text, name, length) == 0 && text[length] == ':' &&
            part - length - 1 < sizeof source->cursor) {
            snprintf(source->cursor, sizeof source->cursor, "%.*s", (int)(part - length - 1),
                     text + length + 1);
            return;
        }
        text += part + (text[part] == ',');
    }
}

/* False: replied to. */
static bool
take_cursors(struct call *call, const struct daemons *daemons, struct paged *paged)
{
    char text[CURSORS_BYTES];
    int found = call_query(call, "after", text, sizeof text);
    bool open = !found;

    for (size_t i = 0; found > 0 && i < daemons->count; i++) {
        take_cursor(&paged->sources[i], daemons->links[i].socket->name, text);
        open = open || is_open(&paged->sources[i]);
    }
    if (!open)
        call_problem(call, 400, "invalid_parameter", json_pack("[s]", "after"),
                     "after must be \"next\" of the previous reply");
    return open;
}

static void
paged_start(struct call *call, const struct request *request, const struct kind *kind)
{
    struct paged *paged = mem_alloc(sizeof *paged);
    struct daemons *daemons = request->web->daemons;
    char *query = call_query_without(call, "limit after");
    struct fan *fan;

    *paged = (struct paged){.kind = kind, .limit = LIMIT_DEFAULT};
    paged->query = mem_format("%s%s", *query ? query : "?", *query ? "&" : "");
    free(query);
    if (call_query_number(call, "limit", 1, LIMIT_MAX, &paged->limit)) {
        call_problem(call, 400, "invalid_parameter", json_pack("[s]", "limit"),
                     "limit must be a whole number from 1 to %d", LIMIT_MAX);
        paged_free(paged);
    } else if (!take_cursors(call, daemons, paged)) {
        paged_free(paged);
    } else {
        fan = fan_new(request, call, FAN_PATIENCE_S, on_pages, paged);
        for (size_t i = 0; i < fan->count; i++)
            if (is_open(&paged->sources[i]))
                ask(fan, i, paged->limit);
        fan_wait(fan);
    }
}

void
paged_orders(struct call *call, void *context)
{
    static const struct kind orders = {"/orders", "orders", "placed_at"};
    const struct request *request = context;

    (request->link ? proxy(call, context) : paged_start(call, request, &orders));
}

void
paged_audit(struct call *call, void *context)
{
    static const struct kind audit = {"/audit", "entries", "at"};
    const struct request *request = context;

    (request->link ? proxy(call, context) : paged_start(call, request, &audit));
}
