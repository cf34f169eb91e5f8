#include "supervisor/across/source.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/daemon/children.h"

#define NEXT_TIMES 4 /* so many times as many orders, whenever they are used up */

/* The newest of what is left: an order that was placed again stands before those that were placed
 * after it first was. */
static void
set_key(struct source *source)
{
    source->key = "";
    for (size_t i = source->at; i < json_array_size(source->orders); i++) {
        const char *placed =
            json_string_value(json_object_get(json_array_get(source->orders, i), "placed_at"));

        if (placed && strcmp(placed, source->key) > 0)
            source->key = placed;
    }
}

static void
ended(struct source *source)
{
    json_decref(source->orders);
    source->orders = NULL;
    source->position.ended = true;
}

bool
source_has_order(const struct source *source)
{
    return source->orders && source->at < json_array_size(source->orders);
}

/* Behind the page that is used up comes the next one, or nothing. */
static void
turn_page(struct source *source)
{
    if (!source->orders || source_has_order(source))
        return;
    if (!*source->next) {
        ended(source);
        return;
    }
    json_decref(source->orders);
    source->orders = NULL;
    text_copy(source->position.after, sizeof source->position.after, source->next);
    source->position.shown[0] = '\0';
    source->position.skipped = 0;
}

/* Those that an earlier page of ours has shown. If the last of them has gone from the list, all are
 * new. */
static void
skip_shown(struct source *source)
{
    size_t i = 0, count = json_array_size(source->orders);

    if (!*source->position.shown)
        return;
    while (i < count &&
           strcmp(json_string_value(json_object_get(json_array_get(source->orders, i), "uniqueid"))
                      ?: "",
                  source->position.shown))
        i++;
    source->at = i < count ? i + 1 : 0;
    source->position.skipped = (unsigned)source->at;
}

/* An order as an honest worker writes it; whatever it says, it is one of its own workshop. */
static bool
take_order(const struct child *child, json_t *order)
{
    if (!json_is_string(json_object_get(order, "uniqueid")) ||
        !json_is_string(json_object_get(order, "placed_at")))
        return false;
    if (child)
        json_object_set_new(order, "workshop", json_string(child->workshop->name));
    return true;
}

/* False: no honest worker replies so. */
static bool
take_page(struct source *source, const json_t *body)
{
    json_t *orders = json_object_get(body, "orders"), *order;
    const char *next = json_string_value(json_object_get(body, "next"));
    const struct child *child = children_find(source->call->daemon, source->position.slug);
    size_t i;

    if (!json_is_array(orders) || json_array_size(orders) > source->page ||
        (next && (strlen(next) >= AFTER_BYTES || strcmp(next, source->position.after) == 0)))
        return false;
    json_array_foreach(orders, i, order)
    {
        if (!take_order(child, order))
            return false;
    }
    source->orders = json_incref(orders);
    source->at = 0;
    text_copy(source->next, sizeof source->next, next ?: "");
    skip_shown(source);
    set_key(source);
    return true;
}

/* A workshop without a process changes nothing: it is not asked again. */
static void
remember_none(const struct source *source)
{
    struct child *child = children_find(source->call->daemon, source->position.slug);

    if (child && !child->pid && strcmp(source->call->filter, "?needs_attention=true") == 0 &&
        !json_array_size(source->orders) && !*source->next && !*source->position.after)
        child->attention_free = true;
}

static void
on_asked(enum asked asked, const json_t *message, void *arg)
{
    struct source *source = arg;
    struct source_call *call = source->call;
    json_int_t status = json_integer_value(json_object_get(message, "status"));
    const json_t *text = json_object_get(message, "body");
    json_t *body =
        status == 200 ? json_loadb(json_string_value(text) ?: "", json_string_length(text), 0, NULL)
                      : NULL;

    call->awaited--;
    if (status == 400 && !call->refusal)
        call->refusal = json_incref((json_t *)message);
    if (asked == ASKED_EMPTY)
        ended(source);
    else if (!take_page(source, body))
        source->position.failed = true;
    else
        remember_none(source);
    json_decref(body);
    if (!call->awaited)
        call->answered(call->arg);
}

static void
ask(struct source *source)
{
    struct source_call *call = source->call;
    struct child *child = children_find(call->daemon, source->position.slug);
    const char *filter = call->filter, *after = source->position.after;
    char *target;

    if (!child) { /* it has been removed meanwhile */
        ended(source);
        return;
    }
    target = mem_format("/orders%s%slimit=%u%s%s", filter, *filter ? "&" : "?", source->page,
                        *after ? "&after=" : "", after);
    call->awaited++;
    asks_send(call->asks, child, target, on_asked, source);
    free(target);
}

const json_t *
source_order(const struct source *source)
{
    return json_array_get(source->orders, source->at);
}

void
source_advance(struct source *source)
{
    text_copy(source->position.shown, sizeof source->position.shown,
              json_string_value(json_object_get(source_order(source), "uniqueid")));
    source->position.skipped++;
    source->at++;
    set_key(source);
    turn_page(source);
}

void
source_ask(struct source *source, unsigned first, unsigned left)
{
    turn_page(source);
    if (source->asleep || source->orders || source->position.ended || source->position.failed)
        return;
    source->more = source->more ? source->more * NEXT_TIMES : first;
    source->page = (source->more < left ? source->more : left) + source->position.skipped;
    if (source->page > SOURCE_LIMIT_MAX)
        source->page = SOURCE_LIMIT_MAX;
    ask(source);
}
