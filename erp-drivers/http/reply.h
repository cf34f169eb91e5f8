/* What came back: its type, its headers, and its JSON with every number exactly as it was. */
#ifndef ERP_DRIVERS_HTTP_REPLY_H
#define ERP_DRIVERS_HTTP_REPLY_H

#include "erp-drivers/http/attempt.h"

/* Takes a whole reply; what is there of the request stays. */
void reply_take(struct reply *reply, const struct erp_reply *from);
void reply_clear(struct reply *reply);

const char *reply_type_name(enum reply_type type);

/* The value of a header, trimmed, in size bytes; false: there is none. */
bool reply_header(const struct reply *reply, const char *name, char *value, size_t size);

/* RFC 6901; NULL: there is nothing. */
const json_t *reply_pointer(const json_t *value, const char *pointer);

/* What stands between two texts; an empty one is the text's begin or end. The caller frees it;
 * NULL: they do not stand there. */
char *reply_between(const char *text, const json_t *between);

#endif
