/* Amounts of orders, added up exactly by product, worksheet or day. */
#ifndef WORKER_FIND_REPORT_H
#define WORKER_FIND_REPORT_H

#include "common/order/order.h"

enum report_by { REPORT_PRODUCT, REPORT_WORKSHEET, REPORT_DAY };

/* Bounds of what goes into one reply. */
#define REPORT_ROWS_MAX 10000
#define REPORT_KEYS_MAX (512u << 10)

struct report;

/* -1: no such grouping. */
int report_by_parse(const char *name, enum report_by *by);

struct report *report_new(enum report_by by);
void report_free(struct report *report);

/* False: it would have too many rows. */
bool report_add(struct report *report, const struct order *order);

/* "rows": [{BY, "orders", "placed", "created", "waiting", "error", "by_hand", "written_off"}] and
 * "total", the same without BY. placed is the sum of the others. The caller owns it. */
json_t *report_json(const struct report *report);

/* The rows with a line of names, as RFC 4180; the caller frees it. */
char *report_csv(const struct report *report, size_t *length);

#endif
