/* The body of a reply on the channel (chan.h): JSON as it is, anything else as base64, since it may
 * be no UTF-8, and a control character would take six bytes. */
#ifndef COMMON_IPC_REPLY_BODY_H
#define COMMON_IPC_REPLY_BODY_H

#include <jansson.h>

#include "common/ipc/chan.h"

/* What is not JSON may have this many bytes: its line stays below CHAN_LINE_MAX. */
#define REPLY_BODY_OTHER_MAX (CHAN_LINE_MAX / 2)

/* content_type may be NULL: then it is JSON, or empty. */
void reply_body_set(json_t *reply, const char *content_type, const char *body, size_t length);

/* Returns the bytes, which the caller frees, with a NUL behind them; NULL: the members are neither
 * text nor base64. Without a body: empty. */
char *reply_body_get(const json_t *reply, size_t *length);

#endif
