/* One HTTP call at a time to the daemon's Unix socket. */
#ifndef SUPERVISOR_CTL_NET_CLIENT_H
#define SUPERVISOR_CTL_NET_CLIENT_H

#include <jansson.h>

#define CLIENT_TIMEOUT_S 60u
#define CLIENT_REPLY_BYTES_MAX (64u << 20)

struct client;
struct upstream_reply;

/* Makes no connection yet. socket_path is borrowed for as long as the client lives. */
struct client *client_open(const char *socket_path);
void client_close(struct client *client);

/* Sends method and path (percent-encoded, with its query) and waits for the complete reply. A body
 * is sent as JSON and wiped from our own buffers afterwards, as it may contain a password. Returns
 * the HTTP status with a JSON object in *reply, for the caller to json_decref; for an error status
 * without one, a problem object is made up. Returns -1 if no reply came or a success is not a JSON
 * object; client_error() says why. */
int client_call(struct client *client, const char *method, const char *path, const json_t *body,
                json_t **reply) __attribute__((warn_unused_result));

/* GET of a reply that is not JSON: text for the caller to free, or a problem object for the caller
 * to json_decref. Returns the HTTP status, or -1 as above with neither. */
int client_text(struct client *client, const char *path, char **text, json_t **problem)
    __attribute__((warn_unused_result));

/* How long the daemon may take to reply from now on, instead of CLIENT_TIMEOUT_S; 0: unlimited. */
void client_set_timeout(struct client *client, unsigned seconds);

const char *client_socket(const struct client *client);

/* Why the last call returned -1. Valid until the next call. */
const char *client_error(const struct client *client);

/* Why there is no reply (its status is 0), by the system's message if there is one. To be freed. */
char *client_no_reply(const char *socket_path, const struct upstream_reply *reply);

/* Text as one segment of a path or one value of a query; all but unreserved characters (RFC 3986)
 * are encoded, and the segments "." and ".." as well. To be freed. */
char *client_encode(const char *text);

#endif
