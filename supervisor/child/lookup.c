/* Resolves a child's names by a separate program that knows nothing else. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/host_pattern.h"
#include "common/base/loop.h"
#include "common/ipc/chan.h"
#include "supervisor/child/state.h"

#define AT_ONCE 8
#define PER_S 8 /* each takes a process; a page may need several hosts at once */
#define OUTPUT_BYTES 2048
#define ADDRESSES 16

struct child_lookup {
    LIST_ENTRY(child_lookup) link;
    struct child *child;
    json_int_t id;
    int fd;
    struct event *readable;
    size_t used;
    char output[OUTPUT_BYTES];
};

/* --- which names --- */

/* Adds the host of a URL that the configuration check has accepted; others are never used. */
static void
take_host(json_t *hosts, const char *url)
{
    const char *host = strstr(url, "://"), *prefix = "http";
    size_t length;

    if (!host || strncasecmp(url, prefix, strlen(prefix)))
        return;
    host += 3;
    length = strcspn(host, ":/?#");
    if (*host != '[' && length && length < 256)
        json_array_append_new(hosts, json_stringn(host, length));
}

static void
take_hosts(json_t *hosts, const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;

    if (json_is_string(value))
        take_host(hosts, json_string_value(value));
    json_array_foreach((json_t *)value, i, member) take_hosts(hosts, member);
    json_object_foreach((json_t *)value, name, member) take_hosts(hosts, member);
}

/* Hosts that a browser may reach besides the ERP's own; ".example.com" stands for all below it. */
static void
take_patterns(json_t *hosts, const json_t *object)
{
    struct host_pattern pattern;
    const json_t *host;
    size_t i;

    json_array_foreach(json_object_get(object, "hosts"), i, host)
    {
        if (json_is_string(host) && host_pattern_parse(json_string_value(host), &pattern))
            json_array_append_new(hosts, json_string(pattern.host));
    }
}

void
child_take_hosts(struct child *child, const json_t *slice)
{
    const json_t *document = json_object_get(slice, "document");

    json_decref(child->hosts);
    child->hosts = json_array();
    take_hosts(child->hosts, document);
    take_hosts(child->hosts, json_object_get(slice, "webdriver_url"));
    take_patterns(child->hosts, json_object_get(json_object_get(document, "erp"), "browser"));
    take_patterns(child->hosts, json_object_get(slice, "recipe"));
    take_patterns(child->hosts, json_object_get(json_object_get(slice, "recipe"), "browser"));
}

static bool
is_like(const char *host, const char *name)
{
    size_t length = strlen(name), below = strlen(host);

    if (*host == '.')
        return length > below && strcasecmp(name + length - below, host) == 0;
    return strcasecmp(host, name) == 0;
}

/* A compromised worker could leak data by the names that it asks for. */
static bool
is_configured(const struct child *child, const char *name)
{
    for (size_t i = 0; i < json_array_size(child->hosts); i++)
        if (is_like(json_string_value(json_array_get(child->hosts, i)), name))
            return true;
    return false;
}

/* --- one question --- */

/* Takes over addresses. */
static void
answer(struct child *child, json_int_t id, json_t *addresses, const char *error)
{
    json_t *message = json_pack("{ss sI so ss?}", "type", "resolved", "id", id, "addresses",
                                addresses, "error", error);

    if (child->chan && message)
        chan_send(child->chan, message);
    json_decref(message);
}

static void
forget(struct child_lookup *lookup)
{
    LIST_REMOVE(lookup, link);
    event_free(lookup->readable);
    close(lookup->fd);
    free(lookup);
}

static bool
is_address(const char *text)
{
    unsigned char space[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, space) == 1 || inet_pton(AF_INET6, text, space) == 1;
}

/* Its output: addresses, or a space and the reason why there is none. */
static void
conclude(struct child_lookup *lookup)
{
    struct child *child = lookup->child;
    json_t *addresses = json_array();
    char error[128] = "no answer from the resolver", *rest = NULL;

    lookup->output[lookup->used] = '\0';
    for (char *line = strtok_r(lookup->output, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        if (*line == ' ') {
            text_copy(error, sizeof error, line + 1);
            text_clean(error);
        } else if (is_address(line) && json_array_size(addresses) < ADDRESSES) {
            json_array_append_new(addresses, json_string(line));
        }
    answer(child, lookup->id, addresses, json_array_size(addresses) ? NULL : error);
    forget(lookup);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct child_lookup *lookup = arg;
    size_t space = OUTPUT_BYTES - 1 - lookup->used;
    ssize_t got = space ? read((int)fd, lookup->output + lookup->used, space) : 0;

    (void)what;
    if (got > 0)
        lookup->used += (size_t)got;
    else
        conclude(lookup);
}

static size_t
count_open(const struct child *child)
{
    const struct child_lookup *lookup;
    size_t count = 0;

    LIST_FOREACH(lookup, &child->lookups, link)
    count++;
    return count;
}

static bool
may_ask(struct child *child)
{
    int64_t second = clock_monotonic_ms() / 1000;

    if (child->lookup_second != second)
        child->lookups_asked = 0;
    child->lookup_second = second;
    return child->lookups_asked++ < PER_S && count_open(child) < AT_ONCE;
}

static void
start(struct child *child, json_int_t id, const char *name)
{
    struct err err;
    int fd = spawn_lookup(child->host->worker_path, name, &err);
    struct child_lookup *lookup;

    if (fd < 0) {
        answer(child, id, json_array(), err.text);
        return;
    }
    lookup = mem_alloc(sizeof *lookup);
    *lookup = (struct child_lookup){.child = child, .id = id, .fd = fd};
    lookup->readable = loop_event(child->host->base, fd, EV_READ | EV_PERSIST, on_readable, lookup);
    loop_add(lookup->readable, NULL);
    LIST_INSERT_HEAD(&child->lookups, lookup, link);
}

void
child_resolve(struct child *child, const json_t *message)
{
    json_int_t id = json_integer_value(json_object_get(message, "id"));
    const char *name = json_string_value(json_object_get(message, "name"));

    if (!name || !is_configured(child, name))
        answer(child, id, json_array(), "this name is not in the workshop's configuration");
    else if (!may_ask(child))
        answer(child, id, json_array(), "too many name lookups");
    else
        start(child, id, name);
}

void
child_close_lookups(struct child *child)
{
    while (!LIST_EMPTY(&child->lookups))
        forget(LIST_FIRST(&child->lookups));
    json_decref(child->hosts);
    child->hosts = NULL;
}
