/* Weighing. */
#include "common/http/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The q that a member of Accept gives to this type, in thousandths; -1: it does not match. */
static int
quality(const char *member, size_t length, const char *type)
{
    const char *slash = strchr(type, '/'), *q;
    size_t name = strcspn(member, ";, \t");
    double value = 1;

    if (name > length)
        name = length;
    if (!(name == 3 && strncmp(member, "*/*", 3) == 0) &&
        !(name == strlen(type) && strncasecmp(member, type, name) == 0) &&
        !(name == (size_t)(slash - type) + 2 && member[name - 1] == '*' &&
          strncasecmp(member, type, name - 1) == 0))
        return -1;
    q = memmem(member, length, "q=", 2);
    if (q && strchr("; \t", q[-1]))
        value = strtod(q + 2, NULL);
    return value >= 0 && value <= 1 ? (int)(value * 1000) : 0;
}

int
accept_quality(const char *accept, const char *type)
{
    int best = -1;

    while (*accept) {
        size_t length;

        accept += strspn(accept, ", \t");
        length = strcspn(accept, ",");
        if (length) {
            int one = quality(accept, length, type);

            best = one > best ? one : best;
        }
        accept += length;
    }
    return best;
}
