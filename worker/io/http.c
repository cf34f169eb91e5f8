/* Single transfers: from a driver's request to its reply. */
#include "worker/io/http.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/host_pattern.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "worker/io/http_loop.h"

#define RETRY_AFTER_MAX_S 86400 /* the server's number is any */

static void
transfer_free(struct http_transfer *transfer)
{
    struct http *http = transfer->http;

    for (struct http_transfer **link = &http->transfers; *link; link = &(*link)->next)
        if (*link == transfer) {
            *link = transfer->next;
            break;
        }
    if (transfer->easy) {
        http->api->multi_remove_handle(http->multi, transfer->easy);
        http->api->easy_cleanup(transfer->easy);
        http->api->slist_free_all(transfer->headers);
        http->api->slist_free_all(transfer->resolved);
    }
    if (transfer->wait)
        names_cancel(transfer->wait);
    free(transfer->server);
    evbuffer_free(transfer->body);
    evbuffer_free(transfer->head);
    free(transfer);
}

void
http_cancel(struct http_transfer *transfer)
{
    transfer_free(transfer);
}

/* Whether the server may have seen the request: false only if no connection was established. */
static bool
may_have_been_sent(struct http_transfer *transfer)
{
    long sent = 0;

    if (transfer->result == CURLE_OK)
        return true;
    if (transfer->easy)
        transfer->http->api->easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

static int64_t
clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* libcurl takes any number, as from "HTTP/2 99999999999999", in a reply that is complete. */
static void
set_status(struct erp_reply *reply, struct http_transfer *transfer, long status)
{
    if (status >= 0 && status <= 999) {
        reply->status = (int)status;
        return;
    }
    reply->complete = false;
    text_copy(transfer->error, sizeof transfer->error, "the reply has no valid HTTP status");
}

/* Its library's words for a server that answers in plain text say nothing to people. */
static void
say_no_tls(struct http_transfer *transfer)
{
    const char *url = NULL, *host;

    if (transfer->result != CURLE_SSL_CONNECT_ERROR ||
        !strstr(transfer->error, "wrong version number"))
        return;
    transfer->http->api->easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    host = url ? strstr(url, "://") : NULL;
    if (host)
        snprintf(transfer->error, sizeof transfer->error,
                 "%.*s does not speak TLS: is the URL's port that of https?",
                 (int)strcspn(host + 3, "/?#"), host + 3);
}

static void
transfer_deliver(struct http_transfer *transfer)
{
    const struct curl_api *api = transfer->http->api;
    void (*done)(const struct erp_reply *, void *) = transfer->done;
    void *arg = transfer->arg;
    struct erp_reply reply = {.complete = transfer->result == CURLE_OK,
                              .sent = may_have_been_sent(transfer)};
    curl_off_t retry_after = 0;
    long status = 0;

    if (transfer->easy) {
        api->easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        api->easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    }
    set_status(&reply, transfer, status);
    say_no_tls(transfer);
    reply.retry_after_ms = 1000 * clamp(retry_after, 0, RETRY_AFTER_MAX_S);
    if (!reply.complete)
        reply.error =
            *transfer->error || !api ? transfer->error : api->easy_strerror(transfer->result);
    evbuffer_add(transfer->body, "", 1);
    reply.body_length = evbuffer_get_length(transfer->body) - 1;
    reply.body = (const char *)evbuffer_pullup(transfer->body, -1);
    evbuffer_add(transfer->head, "", 1);
    reply.headers = (const char *)evbuffer_pullup(transfer->head, -1);
    done(&reply, arg);
    transfer_free(transfer);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
    struct http *http = arg;

    (void)fd;
    (void)what;
    for (;;) {
        struct http_transfer *transfer = http->transfers;

        while (transfer && !transfer->finished)
            transfer = transfer->next;
        if (!transfer)
            return;
        transfer->finished = false; /* its owner may cancel others, but not this one */
        transfer_deliver(transfer);
    }
}

struct http *
http_new(struct event_base *base, const char *ca_file, const char *ca)
{
    struct http *http = mem_alloc(sizeof *http);

    http->base = base;
    http->ca_file = ca_file;
    http->ca = ca;
    http->reply_bytes_max = HTTP_REPLY_BYTES_MAX;
    http->timer = loop_timer(base, http_loop_on_timer, http);
    http->deliver = loop_event(base, -1, 0, on_deliver, http);
    return http;
}

void
http_use_names(struct http *http, struct names *names)
{
    http->names = names;
}

void
http_use_driver(struct http *http, struct own_driver *driver)
{
    http->driver = driver;
}

void
http_use_hosts(struct http *http, const struct host_pattern *hosts, size_t count)
{
    http->hosts = hosts;
    http->host_count = count;
}

void
http_limit_reply(struct http *http, size_t bytes)
{
    http->reply_bytes_max = bytes;
}

void
http_free(struct http *http)
{
    if (!http)
        return;
    while (http->transfers)
        transfer_free(http->transfers);
    if (http->multi)
        http->api->multi_cleanup(http->multi);
    event_free(http->timer);
    event_free(http->deliver);
    free(http);
}

static void
start_transfer(struct http_transfer *transfer)
{
    transfer->http->api->multi_add_handle(transfer->http->multi, transfer->easy);
}

/* HOST:PORT:ADDRESS,ADDRESS …: libcurl tries them in this order, and caches them. */
static void
on_resolved(const struct names_answer *answer, void *arg)
{
    struct http_transfer *transfer = arg;
    const struct curl_api *api = transfer->http->api;
    char *entry = mem_string(transfer->server), *longer;

    transfer->wait = NULL;
    for (size_t i = 0; i < answer->count; i++) {
        const char *address = answer->addresses[i];
        bool six = strchr(address, ':');

        longer =
            mem_format("%s%s%s%s%s", entry, i ? "," : ":", six ? "[" : "", address, six ? "]" : "");
        free(entry);
        entry = longer;
    }
    if (answer->count) {
        transfer->resolved = api->slist_append(NULL, entry);
        api->easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->resolved);
        start_transfer(transfer);
    } else {
        snprintf(transfer->error, sizeof transfer->error, "Could not resolve host: %s: %s",
                 transfer->server, answer->error);
        transfer->result = CURLE_COULDNT_RESOLVE_HOST;
        transfer->finished = true;
        event_active(transfer->http->deliver, EV_TIMEOUT, 0);
    }
    free(entry);
}

/* The server's name; NULL if the URL has an address. *port: its port. */
static char *
name_of(const char *url, int *port)
{
    const char *host = strstr(url, "://");
    size_t length;

    if (!host || host[3] == '[')
        return NULL;
    host += 3;
    length = strcspn(host, ":/?#");
    *port = host[length] == ':'                  ? (int)strtol(host + length + 1, NULL, 10)
            : strncasecmp(url, "https:", 6) == 0 ? 443
                                                 : 80;
    return mem_format("%.*s", (int)length, host);
}

static void
find_server(struct http_transfer *transfer, const char *url)
{
    struct http *http = transfer->http;
    int port = 0;
    char *name = http->names ? name_of(url, &port) : NULL;

    if (name) {
        transfer->server = mem_format("%s:%d", name, port);
        transfer->wait = names_resolve(http->names, name, on_resolved, transfer);
    } else {
        start_transfer(transfer);
    }
    free(name);
}

/* Not even by a mistake in a recipe does a driver reach the receiver of callbacks. */
static bool
may_reach(const struct http *http, const char *url, struct err *err)
{
    struct host_pattern server;

    if (!http->hosts || http->driver)
        return true;
    if (strstr(url, "://")) {
        host_pattern_of_url(url, &server);
        for (size_t i = 0; i < http->host_count; i++)
            if (host_pattern_matches(&http->hosts[i], server.host, server.port))
                return true;
    }
    err_set(err, "http", "the workshop's configuration does not name this server");
    return false;
}

struct http_transfer *
http_send(struct http *http, const struct erp_request *request,
          void (*done)(const struct erp_reply *reply, void *arg), void *arg)
{
    struct http_transfer *transfer = mem_alloc(sizeof *transfer);
    struct err err;

    *transfer =
        (struct http_transfer){.http = http, .next = http->transfers, .done = done, .arg = arg};
    http->transfers = transfer;
    transfer->body = evbuffer_new();
    transfer->head = evbuffer_new();
    if (!transfer->body || !transfer->head)
        die_abort("out of memory for a reply");
    if (!may_reach(http, request->url, &err) || http_loop_load(http, &err)) {
        text_copy(transfer->error, sizeof transfer->error, err.text);
        transfer->result = CURLE_FAILED_INIT;
        transfer->finished = true;
        event_active(http->deliver, EV_TIMEOUT, 0);
    } else {
        transfer->easy = http->api->easy_init();
        if (!transfer->easy)
            die_abort("out of memory for a request");
        http_options_set(transfer, request);
        find_server(transfer, request->url);
    }
    return transfer;
}
