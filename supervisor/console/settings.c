#include "supervisor/console/settings.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/config/parts.h"
#include "common/json/file.h"

#define DAY_S 86400
#define CONNECTIONS 2048
#define CONNECTIONS_PER_ADDRESS 256

static const char *const sandbox_modes[] = {"required", "best-effort", "off", NULL};

static const struct json_member members[] = {
    {.name = "$schema", .kind = JSON_KIND_TEXT},
    {.name = "control_socket", .kind = JSON_KIND_PATH, .minimum = 1, .maximum = 107},
    {.name = "control_sockets", .kind = JSON_KIND_OBJECT},
    {.name = "listen", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = 107},
    {.name = "accounts_file", .kind = JSON_KIND_PATH, .minimum = 1, .maximum = 255},
    {.name = "web_dir", .kind = JSON_KIND_PATH, .minimum = 1, .maximum = 255},
    {.name = "base_path", .kind = JSON_KIND_PATH, .minimum = 1, .maximum = 127},
    {.name = "origins", .kind = JSON_KIND_ARRAY},
    {.name = "behind_proxy", .kind = JSON_KIND_BOOL},
    {.name = "single_sign_on_from", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = 63},
    {.name = "idle_s", .kind = JSON_KIND_INTEGER, .minimum = 60, .maximum = 7LL * DAY_S},
    {.name = "absolute_s", .kind = JSON_KIND_INTEGER, .minimum = 60, .maximum = 30LL * DAY_S},
    {.name = "sandbox", .kind = JSON_KIND_CHOICE, .choices = sandbox_modes},
    {.name = "http", .kind = JSON_KIND_OBJECT, .inside = config_http_table}};

const struct json_table *
settings_table(void)
{
    static const struct json_table all = {members, sizeof members / sizeof *members};

    return &all;
}

static void
take_text(const json_t *document, const char *name, const char *fallback, char *to, size_t size)
{
    text_copy(to, size, json_string_value(json_object_get(document, name)) ?: fallback);
}

#define TAKE(field, fallback)                                                                      \
    take_text(document, #field, fallback, settings->field, sizeof settings->field)

static int64_t
take_ms(const json_t *document, const char *name, int64_t fallback_s)
{
    const json_t *value = json_object_get(document, name);

    return (value ? (int64_t)json_integer_value(value) : fallback_s) * 1000;
}

/* --- the daemons --- */

/* It is a value of queries, and part of cursors. */
static bool
name_sound(const char *name)
{
    size_t length = strlen(name);

    return length && length < sizeof((struct control_socket *)NULL)->name && *name != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int
add_socket(struct settings *settings, const char *name, const char *path, struct err *err)
{
    struct control_socket *one = &settings->sockets[settings->socket_count];

    if (settings->socket_count == SETTINGS_SOCKETS_MAX)
        return err_set(err, "sockets", "at most %d daemons", SETTINGS_SOCKETS_MAX);
    if (!name_sound(name))
        return err_set(err, "sockets", "\"%.64s\" is not a valid name: use a-z, 0-9 and -", name);
    if (*path != '/' || strlen(path) >= sizeof one->path)
        return err_set(err, "sockets", "must be an absolute path of at most %d bytes",
                       (int)sizeof one->path - 1);
    for (size_t i = 0; i < settings->socket_count; i++)
        if (strcmp(settings->sockets[i].name, name) == 0)
            return err_set(err, "sockets", "two daemons are named %s: give NAME=PATH", name);
    text_copy(one->name, sizeof one->name, name);
    text_copy(one->path, sizeof one->path, path);
    settings->socket_count++;
    return 0;
}

int
settings_add_socket(struct settings *settings, const char *text, struct err *err)
{
    const char *equals = *text == '/' ? NULL : strchr(text, '=');
    const char *path = equals ? equals + 1 : text, *file = strrchr(path, '/');
    char name[JSON_PATH_MAX], *end;

    snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text : 0), text);
    if (!equals) {
        text_copy(name, sizeof name, file ? file + 1 : path);
        end = strrchr(name, '.');
        if (end && strcmp(end, ".sock") == 0)
            *end = '\0';
        if (!name_sound(name))
            text_copy(name, sizeof name, "local");
    }
    return add_socket(settings, name, path, err);
}

static void
take_sockets(struct settings *settings, const json_t *document, const struct json_location *root)
{
    const struct json_location inside = {root->file, "/control_sockets", root->faults};
    const char *one = json_string_value(json_object_get(document, "control_socket")), *name;
    json_t *several = json_object_get(document, "control_sockets"), *path;
    struct err err = {0};

    if (one && several)
        json_check_fault(root, "control_sockets", "excludes control_socket");
    else if (several && !json_object_size(several))
        json_check_fault(root, "control_sockets", "must have a member");
    if (!several)
        (void)add_socket(settings, "local", one ?: "/run/pumpline/control.sock", &err);
    json_object_foreach(several, name, path)
    {
        if (add_socket(settings, name, json_string_value(path) ?: "", &err))
            json_check_fault(&inside, name, "%s", err.text);
    }
}

static void
take_listen(struct settings *settings, const struct json_location *root)
{
    const char *colon = strrchr(settings->listen, ':'), *host = settings->listen;
    size_t length = colon ? (size_t)(colon - host) : 0;
    unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;

    if (*settings->listen == '/')
        return;
    if (length > 2 && *host == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    }
    if (!length || length >= sizeof settings->host || colon[1 + strspn(colon + 1, "0123456789")] ||
        !port || port > 65535) {
        json_check_fault(root, "listen", "must be ADDRESS:PORT or the path of a Unix socket");
        return;
    }
    snprintf(settings->host, sizeof settings->host, "%.*s", (int)length, host);
    settings->port = (uint16_t)port;
    if (strncmp(settings->host, "127.", 4) && strcmp(settings->host, "::1"))
        json_check_fault(root, "listen",
                         "must be a loopback address: nginx or caddy adds TLS in front of it");
}

/* Any local user can connect to a port, so a header field is worth nothing there. */
static void
take_single_sign_on(struct settings *settings, const json_t *document,
                    const struct json_location *root)
{
    const char *name = json_string_value(json_object_get(document, "single_sign_on_from"));
    const struct passwd *user = name ? getpwnam(name) : NULL;

    settings->single_sign_on = user ? user->pw_uid : (uid_t)-1;
    if (name && !user)
        json_check_fault(root, "single_sign_on_from", "no such user: %s", name);
    if (name && *settings->host)
        json_check_fault(root, "single_sign_on_from", "requires listen to be a Unix socket");
}

/* A browser keeps up to seven open. Behind a proxy all of them come from one address. */
static void
take_connections(struct settings *settings, const json_t *http)
{
    if (!json_object_get(http, "connections"))
        settings->http.connections = CONNECTIONS;
    if (settings->behind_proxy || *settings->listen == '/')
        settings->http.connections_per_peer = settings->http.connections;
    else if (!json_object_get(http, "connections_per_address"))
        settings->http.connections_per_peer = CONNECTIONS_PER_ADDRESS;
}

static void
take_all(struct settings *settings, const json_t *document, const struct json_location *root)
{
    const struct json_location http = {root->file, "/http", root->faults};
    size_t length;

    take_sockets(settings, document, root);
    TAKE(accounts_file, "/var/lib/pumpline-console/accounts.json");
    TAKE(web_dir, "/usr/share/pumpline/console");
    TAKE(listen, "127.0.0.1:8080");
    TAKE(base_path, "");
    TAKE(sandbox, "required");
    length = strlen(settings->base_path);
    while (length && settings->base_path[length - 1] == '/')
        settings->base_path[--length] = '\0';
    settings->behind_proxy = json_is_true(json_object_get(document, "behind_proxy"));
    settings->idle_ms = take_ms(document, "idle_s", 3600);
    settings->absolute_ms = take_ms(document, "absolute_s", 12 * 3600LL);
    settings->origins = json_incref(json_object_get(document, "origins"));
    config_http_names(document, "origins", root);
    config_http_read(json_object_get(document, "http"), true, &settings->http, &http);
    take_connections(settings, json_object_get(document, "http"));
    take_listen(settings, root);
    take_single_sign_on(settings, document, root);
}

struct settings *
settings_read(const char *path, struct json_faults *faults)
{
    const struct json_location root = {path ? path : "", "", faults};
    json_t *document = path ? json_file_document(path, faults) : json_object();
    struct settings *settings = mem_alloc(sizeof *settings);

    if (document && !json_is_object(document))
        json_fault_add(faults, path, "", "must be an object");
    else if (document &&
             json_check_members(document, members, sizeof members / sizeof *members, &root))
        take_all(settings, document, &root);
    json_decref(document);
    if (!faults->count)
        return settings;
    settings_free(settings);
    return NULL;
}

void
settings_free(struct settings *settings)
{
    json_decref(settings->origins);
    free(settings);
}
