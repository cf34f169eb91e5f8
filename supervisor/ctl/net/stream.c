/* The endless transfer: it is polled together with a descriptor of the caller. */
#include "supervisor/ctl/net/stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/net/transport.h"
#include "supervisor/ctl/term/text.h"

struct stream {
    CURL *curl;
    CURLM *multi;
    const char *socket_path;
    struct curl_slist *headers;
    struct sse *sse;
    sse_fn *on_event;
    void *arg;
    int running; /* 1, or 0 where it has ended */
    bool began;
    char error_text[CURL_ERROR_SIZE];
    char *error; /* NULL while it goes on */
};

static long
http_status(const struct stream *stream)
{
    long status = 0;

    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t
on_bytes(char *bytes, size_t one, size_t count, void *arg)
{
    struct stream *stream = arg;

    (void)one; /* always 1 */
    if (http_status(stream) == 200 && sse_feed(stream->sse, bytes, count))
        return 0;
    return count;
}

struct stream *
stream_open(const struct client *client, sse_fn *on_event, void *arg)
{
    struct stream *stream = mem_alloc(sizeof *stream);

    stream->socket_path = client_socket(client);
    stream->curl = curl_easy_init();
    stream->multi = curl_multi_init();
    stream->headers = curl_slist_append(NULL, "Accept: text/event-stream");
    if (!stream->curl || !stream->multi || !stream->headers)
        abort();
    stream->sse = sse_new(on_event, arg);
    stream->on_event = on_event;
    stream->arg = arg;
    transport_set(stream->curl, stream->socket_path, stream->error_text);
    curl_easy_setopt(stream->curl, CURLOPT_URL, "http://pumpline/events");
    curl_easy_setopt(stream->curl, CURLOPT_HTTPHEADER, stream->headers);
    curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
    curl_multi_add_handle(stream->multi, stream->curl);
    curl_multi_perform(stream->multi, &stream->running);
    return stream;
}

void
stream_close(struct stream *stream)
{
    if (!stream)
        return;
    curl_multi_remove_handle(stream->multi, stream->curl);
    curl_easy_cleanup(stream->curl);
    curl_multi_cleanup(stream->multi);
    curl_slist_free_all(stream->headers);
    sse_free(stream->sse);
    free(stream->error);
    free(stream);
}

/* The transfer is over: even a regular end is unexpected. */
static void
set_error(struct stream *stream)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(stream->multi, &left);
    CURLcode code = message ? message->data.result : CURLE_OK;

    if (code != CURLE_OK)
        stream->error =
            transport_error(stream->curl, stream->socket_path, code, stream->error_text);
    else if (http_status(stream) == 200)
        stream->error = mem_format("the daemon at %s closed the event stream", stream->socket_path);
    else
        stream->error = mem_format("the daemon at %s refused the event stream (HTTP %ld)",
                                   stream->socket_path, http_status(stream));
}

/* Waits first: received events are reported before the next wait. */
bool
stream_wait(struct stream *stream, int fd, int timeout_ms)
{
    struct curl_waitfd other = {.fd = fd, .events = CURL_WAIT_POLLIN};

    if (stream->running) {
        curl_multi_poll(stream->multi, &other, 1, timeout_ms, NULL);
        curl_multi_perform(stream->multi, &stream->running);
    }
    if (!stream->began && http_status(stream) == 200) {
        stream->began = true;
        stream->on_event("open", NULL, stream->arg);
    }
    if (!stream->running && !stream->error)
        set_error(stream);
    return stream->running;
}

int
stream_refused(const struct stream *stream)
{
    long status = http_status(stream);

    return status == 200 ? 0 : (int)status;
}

const char *
stream_error(const struct stream *stream)
{
    return stream->error ? stream->error : "";
}
