/* Sends the input on one connection of the real HTTP server; the output must be complete replies,
 * and JSON where the type says so. */
#ifndef TEST_FUZZ_FRONT_H
#define TEST_FUZZ_FRONT_H

#include <jansson.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/internal.h"
#include "test/fuzz/fuzz.h"

#define FRONT_ROUNDS 24
#define FRONT_REPLY_BYTES (1u << 20)

/* Must not appear in any reply; NULL: no check. */
static const char *front_secret;

/* The value of "Name: value" in a head, or ""; valid until the next call. */
static inline const char *
front_header(const char *head, const char *end, const char *name)
{
    static char value[256];
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line && line + 2 < end;
         line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 4, "\r"),
                     line + length + 4);
            return value;
        }
    return "";
}

static inline void
front_check_body(int status, const char *type, const char *body, size_t length)
{
    json_t *json = json_loadb(body, length, 0, NULL);

    if (strncmp(type, "application/", 12) == 0) {
        REQUIRE(json_is_object(json));
        REQUIRE(status < 400 || json_integer_value(json_object_get(json, "status")) == status);
        REQUIRE(status < 400 || json_string_length(json_object_get(json, "code")) > 0);
    }
    json_decref(json);
}

/* Returns the number of replies. A reply to HEAD has no body, and a stream has no end. */
static inline unsigned
front_check(const char *reply, size_t length)
{
    const char *at = reply, *whole = reply + length;
    unsigned count = 0;

    while (at < whole) {
        const char *head_end = strstr(at, "\r\n\r\n"), *body = head_end + 4;
        int status = atoi(at + 9);
        size_t size;
        char type[64];

        REQUIRE(strncmp(at, "HTTP/1.1 ", 9) == 0 && head_end && status >= 100 && status <= 599);
        snprintf(type, sizeof type, "%s", front_header(at, head_end, "Content-Type"));
        size = strtoul(front_header(at, head_end, "Content-Length"), NULL, 10);
        at = body;
        if (status >= 200)
            count++;
        if (strcmp(type, "text/event-stream") == 0)
            break;
        if (strncmp(body, "HTTP/1.1 ", 9) == 0 || body == whole)
            continue;
        REQUIRE(size <= (size_t)(whole - body));
        front_check_body(status, type, body, size);
        at = body + size;
    }
    return count;
}

static inline unsigned
front_exchange(struct http_server *server, struct event_base *base, const uint8_t *data,
               size_t size)
{
    static char reply[FRONT_REPLY_BYTES + 1];
    size_t length = 0;
    unsigned idle = 0;
    ssize_t got = 1;
    int pair[2];

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    http_connection_open(server, pair[0], 0, "");
    REQUIRE(write(pair[1], data, size) == (ssize_t)size);
    for (int i = 0; i < FRONT_ROUNDS && got && length < FRONT_REPLY_BYTES; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        got = read(pair[1], reply + length, FRONT_REPLY_BYTES - length);
        length += got > 0 ? (size_t)got : 0;
        if (got < 0 && ++idle == 2)
            shutdown(pair[1], SHUT_WR); /* not earlier, or the rest would not be answered */
    }
    close(pair[1]);
    event_base_loop(base, EVLOOP_NONBLOCK);
    reply[length] = '\0';
    REQUIRE(strlen(reply) == length);
    REQUIRE(!front_secret || memmem(data, size, front_secret, strlen(front_secret)) ||
            !strstr(reply, front_secret));
    return front_check(reply, length);
}

#endif
