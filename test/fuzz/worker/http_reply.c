/* Replies of an ERP's server: from any bytes, libcurl and worker/io/http.c make one reply within
 * the limits. The server is this process, on its own port. */
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/loop.h"
#include "test/fuzz/fuzz.h"
#include "worker/io/http.h"

#define TIMEOUT_MS 2000

static struct event_base *base;
static int listener, client = -1;
static char url[64];
static const uint8_t *answer;
static size_t answer_size;
static unsigned replies;

/* Sent before the request arrives, which is allowed. Closing before that would reset the connection
 * and discard the reply. */
static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    (void)arg;
    REQUIRE(client < 0 && (client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    REQUIRE(write(client, answer, answer_size) == (ssize_t)answer_size);
    shutdown(client, SHUT_WR);
}

static void
on_reply(const struct erp_reply *reply, void *arg)
{
    (void)arg;
    replies++;
    REQUIRE(reply->status >= 0 && reply->status <= 999);
    REQUIRE(reply->retry_after_ms >= 0 && reply->retry_after_ms <= 86400000);
    REQUIRE(reply->body && !reply->body[reply->body_length]);
    REQUIRE(reply->body_length <= HTTP_REPLY_BYTES_MAX);
    REQUIRE(reply->complete || (reply->error && *reply->error));
    event_base_loopbreak(base);
}

static void
listen_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    unsigned port = 20000;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    for (; port < 32768; port++) {
        address.sin_port = htons((uint16_t)port);
        if (bind(listener, (struct sockaddr *)&address, length) == 0)
            break;
    }
    REQUIRE(port < 32768 && listen(listener, 64) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct event *accepting;

    (void)argc;
    (void)argv;
    secret_start();
    base = loop_new();
    listen_here();
    accepting = event_new(base, listener, EV_READ | EV_PERSIST, on_accept, NULL);
    REQUIRE(accepting && event_add(accepting, NULL) == 0);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http *http = http_new(base, NULL, NULL);
    struct erp_request request = {.method = "POST",
                                  .url = url,
                                  .body = (char *)"{}",
                                  .body_length = 2,
                                  .fresh = true,
                                  .timeout_ms = TIMEOUT_MS};

    fuzz_begin();
    answer = data;
    answer_size = size;
    replies = 0;
    http_send(http, &request, on_reply, NULL);
    while (!replies)
        event_base_loop(base, EVLOOP_ONCE);
    REQUIRE(replies == 1);
    http_free(http);
    if (client >= 0)
        close(client);
    client = -1;
    return 0;
}
