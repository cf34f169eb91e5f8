/* libcurl's multi interface on the worker's event loop. */
#include "worker/io/http_loop.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/loop.h"

#define ACT_S 5 /* far longer than anything that a server honestly has to say at once */

/* A server that sends faster than OpenSSL reads keeps it within the handshake, and this process
 * from everything else: its connections are then cut. */
static struct http *volatile acting;

static void
on_alarm(int number)
{
    const struct http *http = acting;

    (void)number;
    for (size_t i = 0; http && i < HTTP_SOCKETS_MAX; i++)
        if (http->sockets[i] > 0)
            shutdown(http->sockets[i], SHUT_RDWR);
}

static void
act(struct http *http, curl_socket_t fd, int mask)
{
    int running;

    acting = http;
    alarm(ACT_S);
    http->api->multi_socket_action(http->multi, fd, mask, &running);
    alarm(0);
    acting = NULL;
}

static void
collect_finished(struct http *http)
{
    CURLMsg *message;
    int left;

    while ((message = http->api->multi_info_read(http->multi, &left))) {
        struct http_transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        http->api->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->finished = true;
        transfer->result = message->data.result;
        /* libcurl takes an incomplete header for a complete, empty reply. */
        if (transfer->result == CURLE_OK && !transfer->head_ended)
            transfer->result = CURLE_PARTIAL_FILE;
        event_active(http->deliver, EV_TIMEOUT, 0);
    }
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct http *http = arg;

    act(http, fd,
        (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
    collect_finished(http);
}

void
http_loop_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct http *http = arg;

    (void)fd;
    (void)what;
    act(http, CURL_SOCKET_TIMEOUT, 0);
    collect_finished(http);
}

static void
note_socket(struct http *http, int before, int now)
{
    size_t i = 0;

    while (i < HTTP_SOCKETS_MAX && http->sockets[i] != before)
        i++;
    if (i < HTTP_SOCKETS_MAX)
        http->sockets[i] = now;
}

/* libcurl names the descriptors that it waits for; each gets an event. */
static int
curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    struct http *http = arg;
    struct event *event = assigned;
    short wanted =
        (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (event)
        event_free(event);
    else
        note_socket(http, 0, fd);
    event = NULL;
    if (what == CURL_POLL_REMOVE) {
        note_socket(http, fd, 0);
    } else {
        event = loop_event(http->base, fd, (short)(wanted | EV_PERSIST), on_socket, http);
        loop_add(event, NULL);
    }
    http->api->multi_assign(http->multi, fd, event);
    return 0;
}

static int
curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct http *http = arg;
    struct timeval timeout = clock_timeval(timeout_ms);

    (void)multi;
    if (timeout_ms < 0)
        evtimer_del(http->timer);
    else
        evtimer_add(http->timer, &timeout);
    return 0;
}

int
http_loop_load(struct http *http, struct err *err)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

    if (failpoint("http.send"))
        return err_errno(err, "http", "cannot send the request");
    if (http->api)
        return 0;
    http->api = curl_api_load(err);
    if (!http->api)
        return -1;
    http->multi = http->api->multi_init();
    if (!http->multi)
        die_abort("out of memory for libcurl");
    sigaction(SIGALRM, &action, NULL);
    http->api->multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, curl_socket);
    http->api->multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    http->api->multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, curl_timer);
    http->api->multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    return 0;
}
