/* The HTTP call: socket, timeouts, sizes, and what counts as a reply. Prints nothing. */
#include "supervisor/ctl/net/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/percent.h"
#include "supervisor/ctl/net/transport.h"
#include "supervisor/ctl/term/text.h"

struct client {
    CURL *curl;
    const char *socket_path;
    long timeout_s;
    struct curl_slist *headers;
    char *error; /* of the last call; NULL if it had none */
    /* The reply as it arrives. */
    char *bytes;
    size_t bytes_count;
};

static size_t
on_bytes(char *bytes, size_t one, size_t count, void *arg)
{
    struct client *client = arg;

    (void)one; /* always 1 */
    if (client->bytes_count + count > (size_t)CLIENT_REPLY_BYTES_MAX)
        return 0;
    client->bytes = mem_resize(client->bytes, client->bytes_count + count + 1);
    memcpy(client->bytes + client->bytes_count, bytes, count);
    client->bytes_count += count;
    return count;
}

struct client *
client_open(const char *socket_path)
{
    struct client *client = mem_alloc(sizeof *client);

    if (curl_global_init(CURL_GLOBAL_NOTHING) != 0)
        abort();
    client->socket_path = socket_path;
    client->timeout_s = CLIENT_TIMEOUT_S;
    client->curl = curl_easy_init();
    client->headers = curl_slist_append(NULL, "Accept: application/json");
    if (!client->curl || !client->headers)
        abort();
    return client;
}

void
client_close(struct client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    curl_global_cleanup();
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

/* Sends; returns the HTTP status, or -1 with client->error set. */
static int
perform(struct client *client, const char *method, const char *path, const char *body)
{
    char error_text[CURL_ERROR_SIZE] = "";
    char *url = mem_format("http://pumpline%s", path);
    /* Without a value the header is omitted; otherwise libcurl would declare a form. */
    struct curl_slist type = {(char *)(body ? "Content-Type: application/json" : "Content-Type:"),
                              client->headers};
    long status = -1;

    curl_easy_reset(client->curl);
    transport_set(client->curl, client->socket_path, error_text);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, client->timeout_s);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, &type);
    if (strcmp(method, "GET") != 0) {
        /* A PUT without a body still needs Content-Length: 0. */
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body ? body : "");
        curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    CURLcode code = curl_easy_perform(client->curl);

    if (code != CURLE_OK)
        client->error = transport_error(client->curl, client->socket_path, code, error_text);
    else
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    free(url);
    return (int)status;
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

/* Makes one call; the reply is in client->bytes. The body's text is wiped. */
static int
exchange(struct client *client, const char *method, const char *path, const json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

    free(client->error);
    client->error = NULL;
    client->bytes_count = 0;
    int status = perform(client, method, path, text);

    if (text) {
        explicit_bzero(text, strlen(text));
        free(text);
    }
    return status;
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
client_set_timeout(struct client *client, long seconds)
{
    client->timeout_s = seconds;
}
