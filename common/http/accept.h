/* The header field Accept: which of several types a client prefers. */
#ifndef COMMON_HTTP_ACCEPT_H
#define COMMON_HTTP_ACCEPT_H

/* How much it wants this type, in thousandths: the highest q of all that match; -1: it is not
 * named. */
int accept_quality(const char *accept, const char *type);

#endif
