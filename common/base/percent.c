/* RFC 3986, section 2.1. */
#include "common/base/percent.h"

#include <stdio.h>
#include <string.h>

#include "common/base/err.h"

static int
hex_value(char c)
{
    const char *digits = "0123456789abcdef", *at;

    if (!c)
        return -1;
    at = strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
    return at ? (int)(at - digits) : -1;
}

int
percent_decode(const char *from, size_t length, char *to, size_t size, bool plus_is_space)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)from[i];

        if (byte == '%') {
            int high = i + 2 < length ? hex_value(from[i + 1]) : -1;
            int low = high >= 0 ? hex_value(from[i + 2]) : -1;

            if (low < 0)
                return -1;
            byte = high * 16 + low;
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (!byte || used + 1 >= size)
            return -1;
        to[used++] = (char)byte;
    }
    to[used] = '\0';
    return 0;
}

char *
percent_encode(const char *text)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *out = mem_alloc(strlen(text) * 3 + 1), *at = out;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (strchr(unreserved, *p))
            *at++ = (char)*p;
        else
            at += sprintf(at, "%%%02X", *p);
    }
    return out;
}
