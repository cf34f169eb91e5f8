/* The list of requests, for repairing a recipe. Query strings may contain secrets
 * in a file, so they are omitted. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/proxy/internal.h"

static void
add(struct proxy *proxy, const char *text)
{
    long long ms = clock_monotonic_ms() - proxy->began_ms;

    if (evbuffer_get_length(proxy->list) >= PROXY_LIST_BYTES_MAX)
        proxy->left_out++;
    else
        evbuffer_add_printf(proxy->list, "%4lld.%03lld s  %s\n", ms / 1000, ms % 1000, text);
}

/* "POST /save" of "POST /save?a=b HTTP/1.1". */
void
list_request(struct tunnel *t, const char *bytes, size_t length)
{
    char line[PROXY_REQUEST_BYTES];
    size_t path;

    if (length >= sizeof line)
        length = sizeof line - 1;
    memcpy(line, bytes, length);
    line[length] = '\0';
    line[strcspn(line, "\r\n?#")] = '\0'; /* wherever it claims the path to be */
    text_clean(line);
    path = strcspn(line, " ");
    path += strspn(line + path, " ");
    line[path + strcspn(line + path, " ")] = '\0';
    text_copy(t->request, sizeof t->request, line);
}

void
list_reply(struct tunnel *t)
{
    char text[PROXY_REQUEST_BYTES + 32];

    if (!*t->request)
        return;
    snprintf(text, sizeof text, "%s -> %.3s", t->request, t->stream.status + 9);
    add(t->proxy, text);
    *t->request = '\0';
}

void
list_end(struct tunnel *t, const char *what)
{
    char text[PROXY_REQUEST_BYTES + SOCKS_HOST_BYTES + 160];

    if (*t->request)
        snprintf(text, sizeof text, "%s: %s before its reply", t->request, what);
    else if (t->stream.kind == GATE_STREAM_OPAQUE)
        snprintf(text, sizeof text, "%s:%u (encrypted): %s, %zu bytes up, %zu down", t->target.host,
                 t->target.port, what, t->up_bytes, t->down_bytes);
    else if (t->stream.kind == GATE_STREAM_NEW && t->state != TUNNEL_OPEN)
        snprintf(text, sizeof text, "%s:%u: %s", t->target.host, t->target.port, what);
    else
        return;
    *t->request = '\0';
    text_clean(text);
    add(t->proxy, text);
}

void
proxy_begin(struct proxy *proxy)
{
    if (!proxy)
        return;
    evbuffer_drain(proxy->list, evbuffer_get_length(proxy->list));
    proxy->left_out = 0;
    proxy->began_ms = clock_monotonic_ms();
}

char *
proxy_list(const struct proxy *proxy)
{
    size_t length = evbuffer_get_length(proxy->list);
    char *text = mem_alloc(length + 1), *whole;

    evbuffer_copyout(proxy->list, text, length);
    if (!proxy->left_out)
        return text;
    whole = mem_format("%sand %zu more\n", text, proxy->left_out);
    free(text);
    return whole;
}
