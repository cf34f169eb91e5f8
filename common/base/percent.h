/* Percent-encoding of URLs. */
#ifndef COMMON_BASE_PERCENT_H
#define COMMON_BASE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* Percent-decodes length bytes. -1: bad encoding, a NUL, or no room. */
int percent_decode(const char *from, size_t length, char *to, size_t size, bool plus_is_space);

/* Percent-encodes all but unreserved characters; the caller frees it. */
char *percent_encode(const char *text);

#endif
