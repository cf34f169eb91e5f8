/* console.json: how the console finds the daemon and who may reach it. */
#ifndef SUPERVISOR_CONSOLE_SETTINGS_H
#define SUPERVISOR_CONSOLE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/http/limits.h"
#include "common/json/members.h"

#define SETTINGS_SOCKETS_MAX 16

/* A daemon: how people know it, and its control socket. */
struct control_socket {
    char name[33], path[108];
};

struct settings {
    struct control_socket sockets[SETTINGS_SOCKETS_MAX]; /* at least one */
    size_t socket_count;
    char accounts_file[JSON_PATH_MAX], web_dir[JSON_PATH_MAX];
    char listen[JSON_PATH_MAX]; /* as configured: ADDRESS:PORT, or the path of a Unix socket */
    char host[64];              /* of ADDRESS:PORT; empty: a Unix socket */
    uint16_t port;
    char base_path[128]; /* without a slash at its end; empty: / */
    char sandbox[16];
    json_t *origins;   /* accepted beside the Host of the request; may be NULL */
    bool behind_proxy; /* X-Forwarded-For is the proxy's */
    uid_t
        single_sign_on; /* Remote-User counts from this user on the Unix socket; (uid_t)-1: never */
    int64_t idle_ms, absolute_ms;
    struct http_limits http;
};

/* Reads and checks the file; NULL: only defaults. The caller calls settings_free(). NULL with the
 * faults. */
struct settings *settings_read(const char *path, struct json_faults *faults);
void settings_free(struct settings *settings);

/* Adds the socket of a command line: PATH or NAME=PATH. The name of a PATH is that of its file,
 * without `.sock`. */
int settings_add_socket(struct settings *settings, const char *text, struct err *err);

const struct json_table *settings_table(void);

#endif
