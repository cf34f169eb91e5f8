/* Refuses requests that a page makes in a person's browser without their knowledge. A port without
 * tokens can only detect these by their headers: the browser is on the same machine as the client.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/api/internal.h"

/* Whether Host, with or without its port, is that name. */
static bool
is_named(const char *host, const char *name)
{
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

    return strcasecmp(host, name) == 0 ||
           (strlen(name) == length && strncasecmp(host, name, length) == 0);
}

static bool
is_listed(const json_t *document, const char *member, const char *value,
          bool (*same)(const char *value, const char *item))
{
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(document, member), i,
                       item) if (same(value, json_string_value(item))) return true;
    return false;
}

static bool
is_equal(const char *value, const char *item)
{
    return strcasecmp(value, item) == 0;
}

static bool
is_number(const char *host)
{
    unsigned char address[4];
    char text[16];
    size_t length = strcspn(host, ":");

    if (*host == '[')
        return true; /* other names in brackets resolve to nothing */
    text_copy(text, sizeof text, host);
    if (length < sizeof text)
        text[length] = '\0';
    return inet_pton(AF_INET, text, address) == 1;
}

/* A name that a stranger has pointed at our address (DNS rebinding) is not ours. A port that
 * listens on every address is requested by number, and numbers cannot be rebound. */
static bool
host_is_ours(const struct workshop_config *workshop, const char *host)
{
    bool everywhere = strcmp(workshop->host, "0.0.0.0") == 0 || strcmp(workshop->host, "::") == 0;
    char bracketed[sizeof workshop->host + 2];

    snprintf(bracketed, sizeof bracketed, "[%s]", workshop->host);
    return is_named(host, strchr(workshop->host, ':') ? bracketed : workshop->host) ||
           is_named(host, "localhost") || (everywhere && is_number(host)) ||
           is_listed(workshop->document, "hosts", host, is_named);
}

bool
api_site_allows(struct call *call, const struct workshop_config *workshop)
{
    const char *host = call->host ? call->host : "";

    if (!host_is_ours(workshop, host)) {
        call_problem(
            call, 421, "misdirected_request", NULL,
            "unknown host \"%.100s\": to allow it, add it to \"hosts\" in the workshop's file",
            host);
        return false;
    }
    if (call->origin && !is_listed(workshop->document, "origins", call->origin, is_equal)) {
        call_problem(
            call, 403, "foreign_origin", NULL,
            "foreign origin \"%.100s\": to allow it, add it to \"origins\" in the workshop's file",
            call->origin);
        return false;
    }
    return true;
}
