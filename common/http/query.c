/* The parameters of a query. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/percent.h"
#include "common/base/text_value.h"
#include "common/http/call.h"

int
call_query(const struct call *call, const char *name, char *value, size_t size)
{
    const char *at = call->query;

    while (at && *at) {
        size_t length = strcspn(at, "&"), key_length = strcspn(at, "=&");
        char key[64];

        if (percent_decode(at, key_length, key, sizeof key, true) == 0 && strcmp(key, name) == 0) {
            size_t skip = key_length + (at[key_length] == '=');

            if (percent_decode(at + skip, length - skip, value, size, true))
                return -1;
            text_nfc_in_place(value, size);
            return 1;
        }
        at += length + (at[length] == '&');
    }
    return 0;
}

bool
call_query_named(const char *known, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = known; length && (at = strstr(at, name)); at++)
        if ((at == known || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

bool
call_query_only(struct call *call, const char *known)
{
    const char *at = call->query;

    while (at && *at) {
        size_t length = strcspn(at, "&");
        char name[64];

        if (length && (percent_decode(at, strcspn(at, "=&"), name, sizeof name, true) ||
                       !call_query_named(known, name))) {
            char *shown = mem_format("%.*s", (int)(strcspn(at, "=&") % 64), at);

            call_problem(call, 400, "unknown_parameter", json_pack("[s]", shown),
                         "this call does not accept the parameter \"%s\"", shown);
            free(shown);
            return false;
        }
        at += length + (at[length] == '&');
    }
    return true;
}

int
call_query_truth(struct call *call, const char *name)
{
    char text[8];
    int found = call_query(call, name, text, sizeof text);

    if (found == 0 || (found > 0 && strcmp(text, "false") == 0))
        return 0;
    if (found > 0 && strcmp(text, "true") == 0)
        return 1;
    call_problem(call, 400, "invalid_parameter", json_pack("[s]", name), "%s must be true or false",
                 name);
    return -1;
}

int
call_query_number(const struct call *call, const char *name, unsigned minimum, unsigned maximum,
                  unsigned *number)
{
    char text[16], *end;
    unsigned long value;
    int found = call_query(call, name, text, sizeof text);

    if (found <= 0)
        return found;
    if (!*text || text[strspn(text, "0123456789")])
        return -1;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || value < minimum || value > maximum)
        return -1;
    *number = (unsigned)value;
    return 0;
}

static bool
is_among(const char *names, const char *parameter)
{
    char name[64];

    return percent_decode(parameter, strcspn(parameter, "=&"), name, sizeof name, true) == 0 &&
           call_query_named(names, name);
}

char *
call_query_without(const struct call *call, const char *names)
{
    const char *at = call->query ?: "";
    char *rest = mem_alloc(strlen(at) + 2), *end = rest;

    while (*at) {
        size_t length = strcspn(at, "&");

        if (length && !is_among(names, at))
            end += sprintf(end, "%c%.*s", end == rest ? '?' : '&', (int)length, at);
        at += length + (at[length] == '&');
    }
    return rest;
}
