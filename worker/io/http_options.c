/* libcurl's options for one transfer, and what it calls for the parts of the reply. */
#include <event2/buffer.h>
#include <string.h>

#include "worker/io/http_loop.h"

static size_t
curl_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    size_t length = size * count;

    if (evbuffer_get_length(transfer->body) + length > transfer->http->reply_bytes_max)
        return 0;
    evbuffer_add(transfer->body, data, length);
    return length;
}

/* The one before was a provisional one, such as 100. */
static void
begin_head(struct http_transfer *transfer)
{
    transfer->head_ended = false;
    evbuffer_drain(transfer->head, evbuffer_get_length(transfer->head));
}

/* libcurl keeps them all, and has no limit for trailers. */
static size_t
curl_head(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    size_t length = size * count;

    if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
        begin_head(transfer);
    else if (length && (*data == '\r' || *data == '\n'))
        transfer->head_ended = true;
    else if (!transfer->head_ended)
        evbuffer_add(transfer->head, data, length);
    transfer->head_bytes += length;
    return transfer->head_bytes > HTTP_HEAD_BYTES_MAX ? 0 : length;
}

/* libcurl connects it, and so knows whether that succeeded. */
static curl_socket_t
curl_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    (void)address;
    return own_driver_socket(arg);
}

static void
set_request(struct http_transfer *transfer, const struct erp_request *request)
{
    const struct curl_api *api = transfer->http->api;
    CURL *easy = transfer->easy;

    api->easy_setopt(easy, CURLOPT_URL, request->url);
    api->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body) {
        api->easy_setopt(easy, CURLOPT_POST, 1L);
        api->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        api->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    }
    for (size_t i = 0; i < request->header_count; i++)
        transfer->headers = api->slist_append(transfer->headers, request->headers[i]);
    transfer->headers = api->slist_append(transfer->headers, "Expect:");
    api->easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    api->easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(request->timeout_ms ? request->timeout_ms : HTTP_TIMEOUT_MS));
    if (request->gzip)
        api->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    /* On a kept connection that turns out to be closed libcurl sends a request again by itself,
     * even a POST that the server has already carried out. */
    if (request->commits || request->fresh)
        api->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

/* The blob replaces the file; if the file cannot be read by now, nothing is trusted: not the
 * system's certificates, which would be the default of both. */
static void
set_trust(struct http_transfer *transfer)
{
    const struct curl_api *api = transfer->http->api;
    const char *ca = transfer->http->ca;
    struct curl_blob blob = {(void *)ca, ca ? strlen(ca) : 0, CURL_BLOB_NOCOPY};

    api->easy_setopt(transfer->easy, CURLOPT_CAPATH, NULL);
    api->easy_setopt(transfer->easy, CURLOPT_CAINFO, transfer->http->ca_file);
    if (ca)
        api->easy_setopt(transfer->easy, CURLOPT_CAINFO_BLOB, &blob);
}

static void
set_behaviour(struct http_transfer *transfer)
{
    const struct curl_api *api = transfer->http->api;
    CURL *easy = transfer->easy;

    api->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    api->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    api->easy_setopt(easy, CURLOPT_WRITEFUNCTION, curl_body);
    api->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    api->easy_setopt(easy, CURLOPT_HEADERFUNCTION, curl_head);
    api->easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    api->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    api->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    api->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_TIMEOUT_MS);
    api->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    api->easy_setopt(easy, CURLOPT_PROXY, "");
    api->easy_setopt(easy, CURLOPT_USERAGENT, "pumpline/" PUMPLINE_VERSION);
    if (transfer->http->ca_file)
        set_trust(transfer);
    if (transfer->http->driver) {
        api->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, curl_open);
        api->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer->http->driver);
    }
}

void
http_options_set(struct http_transfer *transfer, const struct erp_request *request)
{
    set_request(transfer, request);
    set_behaviour(transfer);
}
