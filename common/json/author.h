/* Who changed something, as histories and the audit name it. */
#ifndef COMMON_JSON_AUTHOR_H
#define COMMON_JSON_AUTHOR_H

#include <jansson.h>

#define AUTHOR_WHO_MAX 128
#define AUTHOR_TEXT_BYTES (AUTHOR_WHO_MAX + 2)

#define AUTHOR_TOKEN "token"
#define AUTHOR_SOCKET "socket"
#define AUTHOR_CONSOLE "console"
#define AUTHOR_ANONYMOUS "anonymous" /* on a port without tokens */

struct author {
    char who[AUTHOR_WHO_MAX + 1]; /* a token's name, a user's, or a console account's */
    char via[8]; /* one of the above; empty: no author, such as the worker itself */
};

/* who is cut if it is too long. */
void author_set(struct author *author, const char *who, const char *via);

/* From {"who", "via"}. -1, with *author unchanged: it is anything else. */
int author_read(const json_t *object, struct author *author);

/* {"who", "via"}, or null without an author; the caller owns it. */
json_t *author_json(const struct author *author);

/* The same as a short text, "" without an author, and back. */
void author_pack(const struct author *author, char text[AUTHOR_TEXT_BYTES]);
void author_unpack(const char *text, struct author *author);

#endif
