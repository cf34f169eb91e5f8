/* GET /orders and GET /worksheets/{worksheet}/orders. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/api/internal.h"

struct listing {
    struct api_scan scan; /* first */
    bool of_worksheet;    /* all are counted, only those of the page are listed */
    unsigned limit, left;
    uint64_t after, last, next; /* seqs; next: where the next page goes on */
    unsigned open;
    FILE *out;
    char *text;
    size_t size;
};

static void
close_text(struct listing *listing)
{
    if (listing->out)
        fclose(listing->out);
    free(listing->text);
    listing->out = NULL;
    listing->text = NULL;
}

static void
put_text(struct listing *listing, const char *before, const char *text)
{
    json_t *value = json_string(text);

    fputs(before, listing->out);
    json_dumpf(value, listing->out, JSON_ENCODE_ANY);
    json_decref(value);
}

static void
begin(struct api_scan *scan)
{
    struct listing *listing = (struct listing *)scan;

    close_text(listing);
    listing->out = open_memstream(&listing->text, &listing->size);
    if (!listing->out)
        die_abort("out of memory for a list");
    listing->left = listing->limit;
    listing->last = listing->next = listing->open = 0;
    if (!listing->of_worksheet)
        scan->find.after = listing->after;
    put_text(listing, "{\"workshop\":", scan->api->setup.workshop->name);
    if (listing->of_worksheet)
        put_text(listing, ",\"worksheet\":", scan->filter.worksheet);
    fputs(",\"orders\":[", listing->out);
}

static void
put_order(struct listing *listing, const struct order *order)
{
    json_t *object = order_json(order, listing->scan.api->setup.workshop->name);

    if (listing->last)
        fputc(',', listing->out);
    if (json_dumpf(object, listing->out, JSON_COMPACT))
        die_abort("cannot write an order as JSON");
    json_decref(object);
    listing->last = order->seq;
    listing->left--;
}

static bool
is_open(const struct order *order)
{
    return order->status == ORDER_PLACED || order->status == ORDER_PROCESSING ||
           order_needs_attention(order);
}

/* One more than the page shows that there is a next one. */
static bool
each(const struct order *order, void *arg)
{
    struct listing *listing = arg;

    listing->open += is_open(order);
    if (listing->after && order->seq >= listing->after)
        return true;
    if (listing->left)
        put_order(listing, order);
    else if (!listing->next)
        listing->next = listing->last;
    listing->scan.over = listing->next && !listing->of_worksheet;
    return !listing->scan.over;
}

static void
reply(struct listing *listing)
{
    if (listing->next)
        fprintf(listing->out, "],\"next\":\"%" PRIx64 "\"", listing->next);
    else
        fputs("],\"next\":null", listing->out);
    if (listing->of_worksheet)
        fprintf(listing->out, ",\"open\":%u", listing->open);
    fputc('}', listing->out);
    fclose(listing->out);
    listing->out = NULL;
    if (!listing->text)
        die_abort("out of memory for a list");
    call_reply_text(listing->scan.call, 200, "application/json", listing->text, listing->size);
}

static void
end(struct api_scan *scan, const struct err *err)
{
    struct listing *listing = (struct listing *)scan;

    if (!scan->find.done && !scan->over)
        listing->next = scan->find.after;
    if (err)
        api_unavailable(scan->call, err);
    else
        reply(listing);
    close_text(listing);
    free(listing);
}

static struct listing *
listing_new(struct call *call, struct api *api)
{
    struct listing *listing = mem_alloc(sizeof *listing);

    *listing = (struct listing){.scan = {.api = api,
                                         .call = call,
                                         .looked_max = FIND_LONG,
                                         .find = {.each = each},
                                         .begin = begin,
                                         .end = end}};
    return listing;
}

void
api_orders(struct call *call, void *context)
{
    struct listing *listing = listing_new(call, context);
    struct err err;

    if (find_filter_query(call, &listing->scan.filter, &err)) {
        api_bad_parameter(call, err.code, err.text);
        free(listing);
    } else if (!api_page(call, &listing->limit, &listing->after)) {
        free(listing);
    } else {
        api_scan_start(&listing->scan);
    }
}

/* Invoicing relies on the number of open orders. */
void
api_worksheet_orders(struct call *call, void *context)
{
    struct listing *listing = listing_new(call, context);
    struct find_filter *filter = &listing->scan.filter;

    if (!api_page(call, &listing->limit, &listing->after)) {
        free(listing);
        return;
    }
    listing->of_worksheet = listing->scan.whole = true;
    listing->scan.looked_max = UINT_MAX;
    find_filter_any(filter);
    text_copy(filter->worksheet, sizeof filter->worksheet, call->params[0]);
    api_scan_start(&listing->scan);
}
