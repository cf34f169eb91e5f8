/* Orders as format 1 had them: JSON under their uniqueid. */
#ifndef WORKER_SALVAGE_FORMAT_1_H
#define WORKER_SALVAGE_FORMAT_1_H

#include "worker/queue/record.h"

/* -1: it is no such record, or damaged. Its seq may be 0; born is. */
int format_1_order(struct bytes key, struct bytes record, struct order *order);

/* -1: a member is missing, of the wrong type, or what no queue writes. */
int format_1_content(const json_t *content, struct order *order);

/* Whose line of history has this key (uniqueid, NUL, number), and which it is. -1: it is no such
 * key. */
int format_1_line(struct bytes key, char uniqueid[ORDER_VALUE_MAX + 1], uint32_t *number);

#endif
