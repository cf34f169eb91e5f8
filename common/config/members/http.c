/* The HTTP servers' members of pumpline.json and of a workshop's file: where a port listens, limits
 * for clients, and the hosts whose requests a port without tokens accepts. */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/parts.h"

/* Name, field of struct http_limits, unit of the member, default of a port and of the control
 * socket, minimum, maximum. A body is passed on to a child as a JSON string, at worst six times as
 * long: it must fit into CHAN_LINE_MAX. */
#define LIMITS(X)                                                                                  \
    X("connections", connections, 1, 512, 128, 1, 100000)                                          \
    X("connections_per_address", connections_per_peer, 1, 128, 64, 1, 100000)                      \
    X("target_bytes", target_bytes, 1, 8192, 8192, 256, 65536)                                     \
    X("header_bytes", header_bytes, 1, 16384, 16384, 256, 262144)                                  \
    X("header_count", header_count, 1, 100, 100, 4, 10000)                                         \
    X("body_bytes", body_bytes, 1, ORDER_BODY_MAX, 512 << 10, 1024, 512 << 10)                     \
    X("queued_bytes", queued_bytes, 1, 16 << 20, 64 << 20, 65536, 1 << 30)                         \
    X("head_s", head_ms, 1000, 10, 10, 1, 3600)                                                    \
    X("body_s", body_ms, 1000, 30, 30, 1, 3600)                                                    \
    X("idle_s", idle_ms, 1000, 60, 60, 1, 86400)                                                   \
    X("reply_s", reply_ms, 1000, 60, 60, 1, 3600)

#define MEMBER(text, field, unit, port, control, least, most)                                      \
    {.name = (text), .kind = JSON_KIND_INTEGER, .minimum = (least), .maximum = (most)},
#define LIMIT(text, field, unit, port, control, least, most)                                       \
    {offsetof(struct http_limits, field), unit, {port, control}},

static const struct json_member members[] = {LIMITS(MEMBER)};

static const struct {
    size_t offset;
    unsigned unit, defaults[2];
} limits[] = {LIMITS(LIMIT)};

#define COUNT (sizeof limits / sizeof *limits)

const struct json_table *
config_http_table(void)
{
    static const struct json_table all = {members, COUNT};

    return &all;
}

void
config_http_read(const json_t *http, bool control, struct http_limits *to,
                 const struct json_location *location)
{
    if (http && !json_is_object(http))
        return;
    json_check_members(http, members, COUNT, location);
    for (size_t i = 0; i < COUNT; i++) {
        const json_t *value = json_object_get(http, members[i].name);
        unsigned number = json_is_integer(value) ? (unsigned)json_integer_value(value)
                                                 : limits[i].defaults[control];

        *(unsigned *)((char *)to + limits[i].offset) = number * limits[i].unit;
    }
}

void
config_http_names(const json_t *document, const char *member, const struct json_location *root)
{
    const json_t *list = json_object_get(document, member), *item;
    bool origin = strcmp(member, "origins") == 0;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item) ?: "", *host = strstr(name, "://");
        char pointer[40];

        host = !origin ? name : host ? host + 3 : strcmp(name, "null") ? "" : name;
        if (*host && !host[strcspn(host, " /?#@,\t\r\n")] && strlen(name) < 256)
            continue;
        snprintf(pointer, sizeof pointer, "/%s/%zu", member, i);
        json_fault_add(root->faults, root->file, pointer, "%s",
                       origin ? "must be an origin, such as https://oilmat.example.com"
                              : "must be a host name as in a URL, such as oilmat.example.com");
    }
}

/* "127.0.0.1:8101" or "[::1]:8101". */
static bool
split_listen(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : "";
    size_t length = colon ? (size_t)(colon - text) : 0, digits_length = strlen(digits);
    unsigned char address[16];
    bool bracketed = length > 1 && text[0] == '[' && text[length - 1] == ']';
    unsigned long number = strtoul(digits, NULL, 10);

    if (digits[strspn(digits, "0123456789")] || !digits_length || digits_length > 5 || !number ||
        number > 65535)
        return false;
    if (bracketed) {
        text++;
        length -= 2;
    }
    if (!length || length >= size)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *port = (uint16_t)number;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, host, address) == 1;
}

static bool
is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

void
config_listen_read(struct workshop_config *w, const struct json_location *root)
{
    const char *listen = json_string_value(json_object_get(w->document, "listen"));

    if (!listen)
        return;
    if (!split_listen(listen, w->host, sizeof w->host, &w->port))
        json_check_fault(root, "listen",
                         "must be a numeric address and a port, such as 127.0.0.1:8101");
    else if (!is_loopback(w->host) && !w->allow_unauthenticated &&
             !json_array_size(json_object_get(w->document, "api_tokens")))
        json_check_fault(root, "listen",
                         "an address other than loopback requires api_tokens, or "
                         "\"allow_unauthenticated\": true");
}
