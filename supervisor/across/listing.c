/* Merging the workshops' lists. */
#include "supervisor/across/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/order/order.h"
#include "supervisor/across/query.h"
#include "supervisor/across/source.h"
#include "supervisor/daemon/children.h"

#define LIMIT_DEFAULT 100
#define FIRST_ORDERS 3 /* at least, of each workshop */

struct listing {
    TAILQ_ENTRY(listing) link;
    struct listings *listings;
    struct call *call;
    struct source_call shared;
    char slug[CONFIG_SLUG_MAX + 1]; /* empty: all workshops */
    unsigned limit, count;
    struct source *sources;
    size_t source_count;
    struct source **asleep; /* those that were at the beginning, the newest first */
    size_t asleep_count, woken;
    FILE *out;
    char *text;
    size_t size;
};

struct listings {
    struct daemon *daemon;
    struct asks *asks;
    void (*answer)(struct call *call, const json_t *reply);
    TAILQ_HEAD(, listing) open;
    struct continuations *continuations;
    unsigned open_count;
};

/* --- the end --- */

static void
listing_free(struct listing *listing)
{
    TAILQ_REMOVE(&listing->listings->open, listing, link);
    listing->listings->open_count--;
    for (size_t i = 0; i < listing->source_count; i++)
        json_decref(listing->sources[i].orders);
    if (listing->out)
        fclose(listing->out);
    json_decref(listing->shared.refusal);
    free(listing->text);
    free(listing->asleep);
    free(listing->sources);
    free(listing->shared.filter);
    free(listing);
}

static json_t *
incomplete_json(const struct listing *listing)
{
    json_t *slugs = json_array();

    for (size_t i = 0; i < listing->source_count; i++)
        if (listing->sources[i].position.failed)
            json_array_append_new(slugs, json_string(listing->sources[i].position.slug));
    return slugs;
}

static bool
goes_on(const struct listing *listing)
{
    for (size_t i = 0; i < listing->source_count; i++)
        if (!listing->sources[i].position.ended && !listing->sources[i].position.failed)
            return true;
    return false;
}

/* Only what is still of use: lists that go on, and those that could not be asked. */
static const char *
new_cursor(const struct listing *listing)
{
    struct position *positions = mem_alloc((listing->source_count + 1) * sizeof *positions);
    size_t count = 0;

    for (size_t i = 0; i < listing->source_count; i++)
        if (!listing->sources[i].position.ended)
            positions[count++] = listing->sources[i].position;
    return continuations_add(listing->listings->continuations, listing->shared.filter,
                             listing->slug, positions, count);
}

static void
reply(struct listing *listing)
{
    json_t *slugs = incomplete_json(listing);
    char *incomplete = json_dumps(slugs, JSON_COMPACT);

    fprintf(listing->out, "],\"incomplete\":%s,\"next\":", incomplete);
    if (goes_on(listing))
        fprintf(listing->out, "\"%s\"}", new_cursor(listing));
    else
        fputs("null}", listing->out);
    if (fflush(listing->out) || !listing->text)
        die_abort("out of memory for a list");
    call_reply_text(listing->call, 200, "application/json", listing->text, listing->size);
    free(incomplete);
    json_decref(slugs);
    listing_free(listing);
}

/* --- all together --- */

static struct source *
newest(const struct listing *listing)
{
    struct source *found = NULL;

    for (size_t i = 0; i < listing->source_count; i++) {
        struct source *one = &listing->sources[i];

        if (source_has_order(one) && (!found || strcmp(one->key, found->key) > 0))
            found = one;
    }
    return found;
}

static void
show(struct listing *listing, struct source *source)
{
    if (listing->count++)
        fputc(',', listing->out);
    if (json_dumpf(source_order(source), listing->out, JSON_COMPACT))
        die_abort("cannot write an order as JSON");
    source_advance(source);
}

static unsigned
first_orders(const struct listing *listing)
{
    unsigned share = (unsigned)(2UL * listing->limit / listing->source_count);

    return share > FIRST_ORDERS ? share : FIRST_ORDERS;
}

static void
ask_for_more(struct listing *listing)
{
    unsigned left = listing->limit - listing->count;

    for (size_t i = 0; i < listing->source_count; i++)
        source_ask(&listing->sources[i], first_orders(listing), left);
}

/* Those that may have an order before the best that is known; if none is known, as many as could
 * fill the list. False: there are none. */
static bool
wake(struct listing *listing)
{
    const struct source *best = newest(listing);
    unsigned left = listing->limit - listing->count;
    size_t before = listing->woken;

    while (listing->woken < listing->asleep_count && left-- &&
           (!best || strcmp(listing->asleep[listing->woken]->newest, best->key) > 0))
        listing->asleep[listing->woken++]->asleep = false;
    return listing->woken > before;
}

static void
advance(void *arg)
{
    struct listing *listing = arg;
    struct source *source;

    if (listing->shared.refusal) {
        listing->listings->answer(listing->call, listing->shared.refusal);
        listing_free(listing);
        return;
    }
    do {
        ask_for_more(listing);
        if (!listing->shared.awaited && wake(listing))
            ask_for_more(listing);
        source = listing->shared.awaited ? NULL : newest(listing);
        if (source)
            show(listing, source);
    } while (source && listing->count < listing->limit);
    if (!listing->shared.awaited)
        reply(listing);
}

/* --- the beginning --- */

/* What the figures of its process, or its last answer, say. */
static bool
may_have(const struct child *child, bool attention, const char *status)
{
    enum order_status of = status ? order_status_parse(status) : 0;

    if (!child->pid)
        return !attention || !child->attention_free;
    if (!child->status.alive || (!attention && !of))
        return true;
    return (attention ? child->status.needs_attention : child->status.orders[of]) != 0;
}

/* child: whose newest order that needs attention the list begins with; NULL: that is unknown. */
static void
add_source(struct listing *listing, const struct position *position, const struct child *child)
{
    struct source *source = &listing->sources[listing->source_count++];

    *source = (struct source){.position = *position, .call = &listing->shared};
    if (!child || !child->attention_ms || *position->after || *position->shown)
        return;
    clock_text(child->attention_ms, source->newest);
    source->asleep = true;
}

static int
compare_newest(const void *a, const void *b)
{
    return strcmp((*(struct source *const *)b)->newest, (*(struct source *const *)a)->newest);
}

static void
sort_asleep(struct listing *listing)
{
    listing->asleep = mem_alloc((listing->source_count + 1) * sizeof(struct source *));
    for (size_t i = 0; i < listing->source_count; i++)
        if (listing->sources[i].asleep)
            listing->asleep[listing->asleep_count++] = &listing->sources[i];
    qsort(listing->asleep, listing->asleep_count, sizeof(struct source *), compare_newest);
}

static void
take_workshops(struct listing *listing, const struct child *only, bool attention,
               const char *status)
{
    const struct daemon *daemon = listing->listings->daemon;

    listing->sources = mem_alloc((daemon->child_count + 1) * sizeof *listing->sources);
    for (size_t i = 0; i < daemon->child_count; i++) {
        const struct child *child = daemon->children[i];
        struct position position = {.after = ""};

        if ((only && child != only) || !may_have(child, attention, status))
            continue;
        text_copy(position.slug, sizeof position.slug, child->workshop->slug);
        add_source(listing, &position, attention ? child : NULL);
    }
}

/* False: the cursor is unknown. */
static bool
take_places(struct listing *listing, const char *cursor, bool attention)
{
    size_t count;
    const struct position *positions = continuations_find(
        listing->listings->continuations, cursor, listing->shared.filter, listing->slug, &count);

    if (!positions)
        return false;
    listing->sources = mem_alloc((count + 1) * sizeof *listing->sources);
    for (size_t i = 0; i < count; i++)
        add_source(listing, &positions[i],
                   attention ? children_find(listing->listings->daemon, positions[i].slug) : NULL);
    return true;
}

static bool
check_time(struct call *call, const char *name)
{
    char text[64];
    int64_t ms;
    int found = call_query(call, name, text, sizeof text);

    return !found || (found > 0 && clock_parse_from(text, &ms) == 0) ||
           query_refuse(call, name, CLOCK_NOT_A_TIME);
}

struct asked_for {
    struct child *only; /* NULL: all */
    bool attention;
    char status[16], cursor[64];
    unsigned limit;
};

/* Also where no workshop is asked that would. False: replied to. */
static bool
read_call(const struct listings *listings, struct call *call, struct asked_for *wanted)
{
    int attention, status = call_query(call, "status", wanted->status, sizeof wanted->status);

    if (status && (status < 0 || !order_status_parse(wanted->status)))
        return query_refuse(call, "status", "must be placed, processing, created or error");
    if (call_query_number(call, "limit", 1, SOURCE_LIMIT_MAX, &wanted->limit))
        return query_refuse(call, "limit", "must be a whole number from 1 to 1000");
    if (call_query(call, "after", wanted->cursor, sizeof wanted->cursor) < 0)
        return query_refuse(call, "after", "must be \"next\" of the previous reply");
    if (!check_time(call, "from") || !check_time(call, "to"))
        return false;
    attention = call_query_truth(call, "needs_attention");
    wanted->attention = attention > 0;
    return attention >= 0 && query_workshop(listings->daemon, call, &wanted->only);
}

static struct listing *
listing_new(struct listings *listings, struct call *call, const struct asked_for *wanted)
{
    struct listing *listing = mem_alloc(sizeof *listing);

    listing->listings = listings;
    listing->call = call;
    listing->limit = wanted->limit;
    listing->shared =
        (struct source_call){.daemon = listings->daemon,
                             .asks = listings->asks,
                             .filter = call_query_without(call, "workshop limit after"),
                             .answered = advance,
                             .arg = listing};
    if (wanted->only)
        text_copy(listing->slug, sizeof listing->slug, wanted->only->workshop->slug);
    listing->out = open_memstream(&listing->text, &listing->size);
    if (!listing->out)
        die_abort("out of memory for a list");
    fputs("{\"orders\":[", listing->out);
    TAILQ_INSERT_TAIL(&listings->open, listing, link);
    listings->open_count++;
    return listing;
}

void
listings_start(struct listings *listings, struct call *call)
{
    struct asked_for wanted = {.limit = LIMIT_DEFAULT};
    struct listing *listing;

    if (!read_call(listings, call, &wanted))
        return;
    if (listings->open_count >= LISTING_CALLS_MAX) {
        call_header(call, "Retry-After", "1");
        call_problem(call, 503, "busy", NULL,
                     "%u searches over all workshops are already running: try again",
                     listings->open_count);
        return;
    }
    listing = listing_new(listings, call, &wanted);
    if (!*wanted.cursor) {
        take_workshops(listing, wanted.only, wanted.attention, wanted.status);
    } else if (!take_places(listing, wanted.cursor, wanted.attention)) {
        listing_free(listing);
        query_refuse(call, "after", "is unknown: begin with the first page");
        return;
    }
    sort_asleep(listing);
    advance(listing);
}

struct listings *
listings_new(struct daemon *daemon, struct asks *asks,
             void (*answer)(struct call *call, const json_t *reply))
{
    struct listings *listings = mem_alloc(sizeof *listings);

    listings->daemon = daemon;
    listings->asks = asks;
    listings->answer = answer;
    TAILQ_INIT(&listings->open);
    listings->continuations = continuations_new();
    return listings;
}

void
listings_free(struct listings *listings)
{
    struct listing *listing;

    while ((listing = TAILQ_FIRST(&listings->open))) {
        for (size_t i = 0; i < listing->source_count; i++)
            asks_forget(listings->asks, &listing->sources[i]);
        call_problem(listing->call, 503, "stopping", NULL, "the daemon is stopping");
        listing_free(listing);
    }
    continuations_free(listings->continuations);
    free(listings);
}
