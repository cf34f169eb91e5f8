/* The members of `erp` that name a file, a folder or a server. */
#include "worker/allowlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc/webdriver_link.h"
#include "worker/io/ca_file.h"
#include "worker/io/output_folder.h"

static int take_folder(struct allowlist *allowlist, struct sandbox_setup *setup,
                       const json_t *slice, const char *value, struct err *err);
static int take_url(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                    const char *value, struct err *err);
static int take_pages(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                      const char *value, struct err *err);
static int take_api(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                    const char *value, struct err *err);
static int take_ca_file(struct allowlist *allowlist, struct sandbox_setup *setup,
                        const json_t *slice, const char *value, struct err *err);

/* A new system's rows go here. */
static const struct {
    const char *system, *member;
    bool of_slice; /* the member is the slice's, not the erp object's */
    int (*take)(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
                const char *value, struct err *err);
} needs[] = {
    {"file", "folder", false, take_folder},
    {"tryton", "url", false, take_api},
    {"tryton", "ca_file", false, take_ca_file},
    {"webdriver", "webdriver_url", true, take_url},
    /* The browser connects to the ERP through this process. */
    {"webdriver", "url", false, take_pages},
    {"webdriver", "ca_file", false, take_ca_file},
    {"http", "url", false, take_api},
    {"http", "ca_file", false, take_ca_file},
};

static int
take_folder(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
            const char *value, struct err *err)
{
    bool tries = json_is_true(json_object_get(slice, "test")); /* beside the one that delivers */

    allowlist->folder = pinned_path_open(value);
    if (setup->uid && !json_object_get(json_object_get(slice, "document"), "user")) {
        if (tries)
            allowlist->folder_offered = output_folder_is_offered(allowlist->folder);
        else
            output_folder_give(allowlist->folder, setup->uid);
    }
    setup->paths[setup->path_count++] = (struct sandbox_path){allowlist->folder, SANDBOX_WRITE};
    return tries ? 0 : output_folder_lock(allowlist->folder, &allowlist->folder_lock, err);
}

/* An address needs no resolver. */
static int
allow_host(struct sandbox_setup *setup, const struct host_pattern *host, struct err *err)
{
    setup->names |= !host_pattern_is_address(host);
    return sandbox_port(setup, host->port)
               ? 0
               : err_set(err, "config", "the workshop's hosts have more than %d ports",
                         SANDBOX_PORTS_MAX);
}

static int
allow_server(struct allowlist *allowlist, struct sandbox_setup *setup,
             const struct host_pattern *server, struct err *err)
{
    allowlist->servers =
        mem_resize(allowlist->servers, (allowlist->server_count + 1) * sizeof *allowlist->servers);
    allowlist->servers[allowlist->server_count++] = *server;
    return allow_host(setup, server, err);
}

static int
take_url(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
         const char *value, struct err *err)
{
    struct host_pattern host;

    (void)slice;
    host_pattern_of_url(value, &host);
    return allow_server(allowlist, setup, &host, err);
}

/* The ERP's host, and those that its recipe names: one that gives tokens, perhaps. */
static int
take_api(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
         const char *value, struct err *err)
{
    const json_t *hosts = json_object_get(json_object_get(slice, "recipe"), "hosts"), *name;
    struct host_pattern host;
    size_t i;

    json_array_foreach(hosts, i, name)
    {
        if (host_pattern_parse(json_string_value(name), &host) &&
            allow_server(allowlist, setup, &host, err))
            return -1;
    }
    return take_url(allowlist, setup, slice, value, err);
}

/* Where the browser's proxy listens: the WebDriver server of its own passes the socket, for which
 * this one waits. */
static int
open_proxy(struct allowlist *allowlist, const json_t *slice, const json_t *erp, struct err *err)
{
    const json_t *driver_fd = json_object_get(slice, "driver_fd");
    const char *address =
        json_string_value(json_object_get(json_object_get(erp, "browser"), "proxy"));

    if (driver_fd) {
        allowlist->driver_fd = (int)json_integer_value(driver_fd);
        snprintf(allowlist->proxy_address, sizeof allowlist->proxy_address, "%s:%d",
                 WEBDRIVER_LINK_PROXY_HOST, WEBDRIVER_LINK_PROXY_PORT);
        return 0;
    }
    text_copy(allowlist->proxy_address, sizeof allowlist->proxy_address,
              address ? address : PROXY_ADDRESS_DEFAULT);
    allowlist->proxy_fd = proxy_listen(allowlist->proxy_address, err);
    return allowlist->proxy_fd < 0 ? -1 : 0;
}

/* The ERP's hosts. */
static int
take_pages(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
           const char *value, struct err *err)
{
    const json_t *erp = json_object_get(json_object_get(slice, "document"), "erp");

    (void)value;
    allowlist->hosts = proxy_hosts(erp, json_object_get(slice, "recipe"), &allowlist->host_count);
    for (size_t i = 0; i < allowlist->host_count; i++)
        if (allow_host(setup, &allowlist->hosts[i], err))
            return -1;
    return open_proxy(allowlist, slice, erp, err);
}

/* Read once: later only its replacement matters. */
static int
take_ca_file(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
             const char *value, struct err *err)
{
    (void)setup;
    (void)slice;
    allowlist->ca_file = pinned_path_open(value);
    return ca_file_read(value, &allowlist->ca, err);
}

int
allowlist_erp(struct allowlist *allowlist, struct sandbox_setup *setup, const json_t *slice,
              struct err *err)
{
    const json_t *erp = json_object_get(json_object_get(slice, "document"), "erp");
    const char *system = json_string_value(json_object_get(erp, "system"));

    for (size_t i = 0; system && i < sizeof needs / sizeof *needs; i++) {
        const json_t *from = needs[i].of_slice ? slice : erp;
        const char *value = json_string_value(json_object_get(from, needs[i].member));

        if (value && strcmp(needs[i].system, system) == 0 &&
            needs[i].take(allowlist, setup, slice, value, err))
            return -1;
    }
    return 0;
}

int
allowlist_callback(struct sandbox_setup *setup, const json_t *slice, struct err *err)
{
    const json_t *document = json_object_get(slice, "document");
    const char *url =
        json_string_value(json_object_get(json_object_get(document, "callback"), "url"));
    struct host_pattern host;

    if (!url)
        return 0;
    host_pattern_of_url(url, &host);
    return allow_host(setup, &host, err);
}

struct proxy *
allowlist_proxy(struct allowlist *allowlist, struct event_base *base)
{
    struct proxy *proxy;

    if (!allowlist->hosts)
        return NULL;
    proxy = proxy_new(base, allowlist->proxy_fd, allowlist->hosts, allowlist->host_count);
    allowlist->proxy_fd = -1;
    return proxy;
}

void
allowlist_check(const struct allowlist *allowlist)
{
    if (allowlist->folder)
        output_folder_check(allowlist->folder);
}

const char *
allowlist_fault(const struct allowlist *allowlist)
{
    return allowlist->folder && !allowlist->folder_offered ? output_folder_fault(allowlist->folder)
                                                           : NULL;
}

const char *
allowlist_outdated(const struct allowlist *allowlist)
{
    const struct pinned_path *const paths[] = {allowlist->folder, allowlist->ca_file};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i] && pinned_path_look(paths[i]) >= PINNED_OTHER)
            return paths[i]->path;
    return NULL;
}

void
allowlist_close(struct allowlist *allowlist)
{
    pinned_path_close(allowlist->folder);
    pinned_path_close(allowlist->ca_file);
    free(allowlist->ca);
    free(allowlist->hosts);
    free(allowlist->servers);
    if (allowlist->proxy_fd >= 0)
        close(allowlist->proxy_fd);
    if (allowlist->folder_lock >= 0)
        close(allowlist->folder_lock);
    if (allowlist->driver_fd >= 0)
        close(allowlist->driver_fd);
}
