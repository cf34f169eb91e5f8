/* The HTTP call: socket, timeouts, sizes, and what counts as a reply. Prints nothing. */
#include "supervisor/ctl/net/client.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/base/percent.h"
#include "common/http/upstream.h"

struct client {
    struct event_base *base;
    const char *socket_path;
    unsigned timeout_s;
    char *error; /* of the last call; NULL if it had none */
    /* The last reply. */
    int status; /* -1: none */
    char *bytes;
    size_t bytes_count;
};

struct client *
client_open(const char *socket_path)
{
    struct client *client = mem_alloc(sizeof *client);

    client->base = loop_new();
    client->socket_path = socket_path;
    client->timeout_s = CLIENT_TIMEOUT_S;
    return client;
}

void
client_close(struct client *client)
{
    if (!client)
        return;
    event_base_free(client->base);
    free(client->error);
    free(client->bytes);
    free(client);
}

const char *
client_error(const struct client *client)
{
    return client->error ? client->error : "";
}

/* Segments of dots would be interpreted as relative paths. */
char *
client_encode(const char *text)
{
    char *encoded, *to;

    if (text[strspn(text, ".")])
        return percent_encode(text);
    encoded = to = mem_alloc(3 * strlen(text) + 1);
    for (; *text; text++)
        to = stpcpy(to, "%2E");
    return encoded;
}

char *
client_no_reply(const char *socket_path, const struct upstream_reply *reply)
{
    if (!reply->error)
        return mem_format("no reply from the daemon at %s: %s", socket_path, reply->body);
    return mem_format("cannot reach the daemon at %s: %s%s", socket_path, strerror(reply->error),
                      reply->error == EACCES ? " (run as root or as a member of the control group)"
                                             : " (is pumplined running?)");
}

static void
on_reply(const struct upstream_reply *reply, void *arg)
{
    struct client *client = arg;

    if (reply->status == 0) {
        client->status = -1;
        client->error = client_no_reply(client->socket_path, reply);
        return;
    }
    client->status = reply->status;
    client->bytes_count = reply->length;
    client->bytes = mem_resize(client->bytes, reply->length + 1);
    memcpy(client->bytes, reply->body, reply->length);
}

static json_t *
problem_of_status(int status)
{
    json_t *problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title",
                                "the daemon refused the call without a reason", "status", status);

    if (!problem)
        abort();
    return problem;
}

/* Makes one call; returns the HTTP status with the reply in client->bytes, or -1 with client->error
 * set. The body's text is wiped. */
static int
exchange(struct client *client, const char *method, const char *path, const json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    const struct upstream_request request = {.method = method,
                                             .target = path,
                                             .content_type = text ? "application/json" : NULL,
                                             .body = text,
                                             .length = text ? strlen(text) : 0,
                                             .reply_max = CLIENT_REPLY_BYTES_MAX};
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* that of standard output ends the program */

    free(client->error);
    client->error = NULL;
    client->status = -1;
    client->bytes_count = 0;
    upstream_follow(client->base, client->socket_path, &request, client->timeout_s, NULL, on_reply,
                    client);
    event_base_dispatch(client->base);
    signal(SIGPIPE, before);
    if (text) {
        explicit_bzero(text, strlen(text));
        free(text);
    }
    return client->status;
}

/* The reply as an object, or a problem object made up for an error without one. NULL with
 * client->error set if there is neither. */
static json_t *
take_object(struct client *client, int status)
{
    json_t *reply = NULL;

    if (client->bytes_count > 0)
        reply = json_loadb(client->bytes, client->bytes_count, 0, NULL);
    if (json_is_object(reply) && status >= 200 && (status < 300 || status >= 400))
        return reply;
    json_decref(reply);
    if (status >= 400)
        return problem_of_status(status);
    client->error = mem_format("invalid reply (HTTP %d) from %s: not a pumplined?", status,
                               client->socket_path);
    return NULL;
}

int
client_call(struct client *client, const char *method, const char *path, const json_t *body,
            json_t **reply)
{
    int status = exchange(client, method, path, body);

    *reply = status < 0 ? NULL : take_object(client, status);
    return *reply ? status : -1;
}

int
client_text(struct client *client, const char *path, char **text, json_t **problem)
{
    int status = exchange(client, "GET", path, NULL);

    *text = NULL;
    *problem = NULL;
    if (status < 0)
        return -1;
    if (status == 200) {
        *text = mem_format("%.*s", (int)client->bytes_count, client->bytes ? client->bytes : "");
        return status;
    }
    *problem = take_object(client, status);
    return *problem ? status : -1;
}

const char *
client_socket(const struct client *client)
{
    return client->socket_path;
}

void
client_set_timeout(struct client *client, unsigned seconds)
{
    client->timeout_s = seconds;
}
