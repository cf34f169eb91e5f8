/* Which orders a caller looks for: the members of GET /orders, from its query or from JSON. */
#ifndef WORKER_FIND_FILTER_H
#define WORKER_FIND_FILTER_H

#include "common/http/call.h"
#include "common/order/order.h"

struct find_filter {
    enum order_status status; /* 0: any */
    bool attention, no_attention;
    int64_t from_ms, to_ms;                                   /* placed not before and not after */
    char reason_code[sizeof((struct order *)0)->reason_code]; /* empty: any; so the others */
    char worksheet[ORDER_VALUE_MAX + 1], product_nr[ORDER_VALUE_MAX + 1];
    char q[ORDER_VALUE_MAX + 1]; /* part of uniqueid, worksheet or product */
};

/* The members, separated by spaces, as struct route names them. */
#define FIND_FILTER_NAMES "status needs_attention reason_code worksheet product_nr q from to"

/* One that every order passes. */
void find_filter_any(struct find_filter *filter);

/* -1 with *err: `code` is the name of the member, `text` what is wrong with it. */
int find_filter_query(const struct call *call, struct find_filter *filter, struct err *err);
int find_filter_json(const json_t *object, struct find_filter *filter, struct err *err);

/* from and to alone. */
int find_filter_times(const struct call *call, struct find_filter *filter, struct err *err);

bool find_filter_fits(const struct find_filter *filter, const struct order *order);

#endif
