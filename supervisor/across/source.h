/* One workshop's list of orders, page by page. An order of a list goes before all that follow in
 * that list. */
#ifndef SUPERVISOR_ACROSS_SOURCE_H
#define SUPERVISOR_ACROSS_SOURCE_H

#include "common/base/clock.h"
#include "supervisor/across/asks.h"
#include "supervisor/across/continuations.h"

#define SOURCE_LIMIT_MAX 1000 /* orders that a workshop gives at once */

/* What the lists of one call share. */
struct source_call {
    struct daemon *daemon;
    struct asks *asks;
    char *filter; /* "?status=error", or empty; owned */
    unsigned awaited;
    json_t *refusal;             /* of a worker: a message `reply` */
    void (*answered)(void *arg); /* nothing is awaited any more */
    void *arg;
};

struct source {
    struct position position;
    struct source_call *call;
    json_t *orders; /* of the page that begins at the position */
    size_t at;
    char next[AFTER_BYTES]; /* empty: it is the last one */
    unsigned more, page;    /* so many were wanted, and asked for with those that are known */
    const char *key;        /* of the order at `at` */
    /* While it is asleep it is not asked: all that is known is when its newest order was placed. */
    char newest[CLOCK_TEXT_BYTES];
    bool asleep;
};

/* Whether its next order is known. */
bool source_has_order(const struct source *source);

/* The next order, borrowed until source_advance. */
const json_t *source_order(const struct source *source);
void source_advance(struct source *source);

/* Asks for its next page, if that must be known before the next order can be told: first for so
 * many orders, and never for more than are left. */
void source_ask(struct source *source, unsigned first, unsigned left);

#endif
