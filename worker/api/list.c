/* The list of what waits, in slices: a page of a thousand delays neither the loop nor another
 * client. Listings of more than one slice are done one at a time, so that only one large reply is
 * in memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api/internal.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define SLICE_ORDERS 50

struct api_listing {
    TAILQ_ENTRY(api_listing) link;
    struct call *call;
    struct queue_page page;
    unsigned left; /* remaining orders of the page */
    const char *workshop;
    FILE *out;
    char *text;
    size_t size;
    bool begun;
};

/* A cursor is the seq of the last order of a page. */
static bool
parse_cursor(const char *text, uint64_t *seq)
{
    size_t length = strlen(text);

    if (length < 1 || length > 16 || text[strspn(text, "0123456789abcdef")])
        return false;
    *seq = strtoull(text, NULL, 16);
    return *seq != 0 && *seq != UINT64_MAX;
}

bool
api_page(struct call *call, unsigned *limit, uint64_t *after)
{
    char cursor[32];
    int found = call_query(call, "after", cursor, sizeof cursor);

    *limit = PAGE_DEFAULT;
    if (call_query_number(call, "limit", 1, PAGE_MAX, limit)) {
        api_bad_parameter(call, "limit", "must be a whole number from 1 to 1000");
        return false;
    }
    if (found && (found < 0 || !parse_cursor(cursor, after))) {
        api_bad_parameter(call, "after", "invalid cursor: use \"next\" of the previous reply");
        return false;
    }
    return true;
}

/* Each slice is a transaction of its own: an order is shown as it was in its slice. */
static void
list_order(const struct order *order, void *arg)
{
    struct api_listing *listing = arg;
    json_t *object = order_json(order, listing->workshop);

    if (listing->begun)
        fputc(',', listing->out);
    listing->begun = true;
    if (json_dumpf(object, listing->out, JSON_COMPACT))
        die_abort("cannot write an order as JSON");
    json_decref(object);
}

/* Replies with the list, or with the error. */
static void
listing_end(struct api_listing *listing, const struct err *err)
{
    if (listing->page.next)
        fprintf(listing->out, "],\"next\":\"%" PRIx64 "\"}", listing->page.next);
    else
        fputs("],\"next\":null}", listing->out);
    fclose(listing->out);
    if (!listing->text)
        die_abort("out of memory for a list");
    if (err)
        api_unavailable(listing->call, err);
    else
        call_reply_text(listing->call, 200, "application/json", listing->text, listing->size);
    free(listing->text);
    free(listing);
}

/* Whether it is done. */
static bool
listing_step(struct api *api, struct api_listing *listing)
{
    struct queue_page *page = &listing->page;
    struct err err;
    bool failed;

    page->limit = listing->left < SLICE_ORDERS ? listing->left : SLICE_ORDERS;
    failed = queue_page(api->setup.queue, page, &err) != 0;
    listing->left -= page->limit;
    page->after = page->next;
    if (!failed && page->next && listing->left)
        return false;
    listing_end(listing, failed ? &err : NULL);
    return true;
}

void
api_list_step(evutil_socket_t fd, short what, void *context)
{
    struct api *api = context;
    struct api_listing *listing = TAILQ_FIRST(&api->listings);

    (void)fd;
    (void)what;
    TAILQ_REMOVE(&api->listings, listing, link);
    if (!listing_step(api, listing))
        TAILQ_INSERT_HEAD(&api->listings, listing, link);
    if (!TAILQ_EMPTY(&api->listings))
        event_active(api->list, EV_TIMEOUT, 0);
}

void
api_list_end(struct api *api)
{
    struct api_listing *listing;

    while ((listing = TAILQ_FIRST(&api->listings))) {
        TAILQ_REMOVE(&api->listings, listing, link);
        listing_end(listing, &api_stopping);
    }
}

/* Replies with {"workshop", "length", "tasks": [order…], "next"}. */
static void
start(struct call *call, struct api *api, const struct queue_page *page)
{
    struct api_listing *listing = mem_alloc(sizeof *listing);
    json_t *workshop = json_string(api->setup.workshop->name);

    *listing = (struct api_listing){
        .call = call, .page = *page, .left = page->limit, .workshop = api->setup.workshop->name};
    listing->page.each = list_order;
    listing->page.arg = listing;
    listing->out = open_memstream(&listing->text, &listing->size);
    if (!listing->out)
        die_abort("out of memory for a list");
    fputs("{\"workshop\":", listing->out);
    json_dumpf(workshop, listing->out, JSON_ENCODE_ANY);
    json_decref(workshop);
    fprintf(listing->out, ",\"length\":%u,\"tasks\":[", queue_length(api->setup.queue));
    if (listing_step(api, listing))
        return;
    TAILQ_INSERT_TAIL(&api->listings, listing, link);
    event_active(api->list, EV_TIMEOUT, 0);
}

void
api_queue(struct call *call, void *context)
{
    struct queue_page page = {.statuses = 1u << ORDER_PLACED | 1u << ORDER_PROCESSING};

    if (api_page(call, &page.limit, &page.after))
        start(call, context, &page);
}
