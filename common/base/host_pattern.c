/* DNS names, and numeric addresses in their canonical form. */
#include "common/base/host_pattern.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HTTPS_PORT 443
#define HTTP_PORT 80
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-_."

/* 0:0:0:0:0:0:0:1 is the same address as ::1. */
static void
canonical(const char *host, char text[HOST_PATTERN_BYTES])
{
    struct in6_addr address;

    snprintf(text, HOST_PATTERN_BYTES, "%s", host);
    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 0x20;
    if (inet_pton(AF_INET6, text, &address) == 1)
        inet_ntop(AF_INET6, &address, text, HOST_PATTERN_BYTES);
}

static bool
set_host(struct host_pattern *pattern, const char *text, size_t length)
{
    char host[HOST_PATTERN_BYTES];
    bool bracketed = length > 2 && *text == '[' && text[length - 1] == ']';

    if (length >= sizeof host)
        return false;
    if (bracketed)
        snprintf(host, sizeof host, "%.*s", (int)length - 2, text + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)length, text);
    canonical(host, pattern->host);
    if (bracketed)
        return inet_pton(AF_INET6, pattern->host, &(struct in6_addr){{{0}}}) == 1;
    if (strncmp(pattern->host, "*.", 2) == 0)
        memmove(pattern->host, pattern->host + 1, strlen(pattern->host));
    return *pattern->host && !pattern->host[strspn(pattern->host, NAME_CHARACTERS)] &&
           strcmp(pattern->host, ".");
}

static bool
set_port(struct host_pattern *pattern, const char *text)
{
    long port = strtol(text, NULL, 10);

    if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")] || port < 1 || port > 65535)
        return false;
    pattern->port = (uint16_t)port;
    return true;
}

/* The colon before the port, or the end. */
static size_t
host_length(const char *text, const char *end)
{
    size_t bracketed = *text == '[' ? strcspn(text, "]") : 0;

    return bracketed + strcspn(text + bracketed, end);
}

bool
host_pattern_parse(const char *text, struct host_pattern *pattern)
{
    size_t length = host_length(text, ":");

    pattern->port = HTTPS_PORT;
    return set_host(pattern, text, length) &&
           (!text[length] || set_port(pattern, text + length + 1));
}

bool
host_pattern_is_address(const struct host_pattern *pattern)
{
    struct in6_addr address;

    return inet_pton(AF_INET, pattern->host, &address) == 1 ||
           inet_pton(AF_INET6, pattern->host, &address) == 1;
}

void
host_pattern_of_url(const char *url, struct host_pattern *pattern)
{
    const char *host = strstr(url, "://") + 3;
    size_t length = host_length(host, ":/?#");
    char port[8];

    pattern->port = strncmp(url, "https:", 6) == 0 ? HTTPS_PORT : HTTP_PORT;
    if (!set_host(pattern, host, length))
        *pattern->host = '\0';
    if (host[length] == ':') {
        snprintf(port, sizeof port, "%.*s", (int)strspn(host + length + 1, "0123456789"),
                 host + length + 1);
        set_port(pattern, port);
    }
}

bool
host_pattern_matches(const struct host_pattern *pattern, const char *host, uint16_t port)
{
    char text[HOST_PATTERN_BYTES];
    size_t length, below = strlen(pattern->host);

    if (port != pattern->port)
        return false;
    canonical(host, text);
    length = strlen(text);
    if (*pattern->host != '.')
        return strcmp(text, pattern->host) == 0;
    return length > below && strcmp(text + length - below, pattern->host) == 0;
}
