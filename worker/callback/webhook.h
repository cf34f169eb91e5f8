/* How a callback proves where it comes from: the signature of Standard Webhooks
 * (https://www.standardwebhooks.com). */
#ifndef WORKER_CALLBACK_WEBHOOK_H
#define WORKER_CALLBACK_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

/* "v1," and the base64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY"; the caller frees it. */
char *webhook_signature(const unsigned char *key, size_t key_length, const char *id,
                        int64_t timestamp_s, const char *body);

#endif
