/* The members of `erp` that name a file, a folder or a server. */
#include "worker/allowlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc/webdriver_link.h"
#include "worker/io/ca_file.h"
#include "worker/io/output_folder.h"

static int take_folder(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                       const char *value, struct err *err);
static int take_url(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                    const char *value, struct err *err);
static int take_pages(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                      const char *value, struct err *err);
static int take_ca_file(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                        const char *value, struct err *err);

/* A new system's rows go here. */
static const struct {
    const char *system, *member;
    bool of_slice; /* the member is the slice's, not the erp object's */
    int (*take)(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                const char *value, struct err *err);
} needs[] = {
    {"file", "folder", false, take_folder},
    {"tryton", "url", false, take_url},
    {"tryton", "ca_file", false, take_ca_file},
    {"webdriver", "webdriver_url", true, take_url},
    /* The browser talks to the ERP through this process. */
    {"webdriver", "url", false, take_pages},
    {"webdriver", "ca_file", false, take_ca_file},
};

static int
take_folder(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
            const char *value, struct err *err)
{
    reach->folder = place_open(value);
    if (setup->uid && !json_object_get(json_object_get(slice, "document"), "user"))
        lines_give(reach->folder, setup->uid);
    setup->paths[setup->path_count++] = (struct sandbox_path){reach->folder, SANDBOX_WRITE};
    return lines_hold(reach->folder, &reach->folder_lock, err);
}

/* An address needs no resolver. */
static int
allow_host(struct sandbox_setup *setup, const struct host_pattern *host, struct err *err)
{
    setup->names |= !host_pattern_is_address(host);
    return sandbox_port(setup, host->port)
               ? 0
               : err_set(err, "config", "the ERP's hosts have more than %d ports",
                         SANDBOX_PORTS_MAX);
}

static int
take_url(struct reach *reach, struct sandbox_setup *setup, const json_t *slice, const char *value,
         struct err *err)
{
    struct host_pattern host;

    (void)reach;
    (void)slice;
    host_pattern_of_url(value, &host);
    return allow_host(setup, &host, err);
}

/* Where the browser's proxy listens: the WebDriver server of its own passes the socket, for which
 * this one waits. */
static int
open_proxy(struct reach *reach, const json_t *slice, const json_t *erp, struct err *err)
{
    const json_t *driver_fd = json_object_get(slice, "driver_fd");
    const char *address =
        json_string_value(json_object_get(json_object_get(erp, "browser"), "proxy"));

    if (driver_fd) {
        reach->driver_fd = (int)json_integer_value(driver_fd);
        snprintf(reach->proxy_address, sizeof reach->proxy_address, "%s:%d",
                 WEBDRIVER_LINK_PROXY_HOST, WEBDRIVER_LINK_PROXY_PORT);
        return 0;
    }
    text_copy(reach->proxy_address, sizeof reach->proxy_address,
              address ? address : PROXY_ADDRESS_DEFAULT);
    reach->proxy_fd = proxy_listen(reach->proxy_address, err);
    return reach->proxy_fd < 0 ? -1 : 0;
}

/* The ERP's hosts. */
static int
take_pages(struct reach *reach, struct sandbox_setup *setup, const json_t *slice, const char *value,
           struct err *err)
{
    const json_t *erp = json_object_get(json_object_get(slice, "document"), "erp");

    (void)value;
    reach->hosts = proxy_hosts(erp, json_object_get(slice, "recipe"), &reach->host_count);
    for (size_t i = 0; i < reach->host_count; i++)
        if (allow_host(setup, &reach->hosts[i], err))
            return -1;
    return open_proxy(reach, slice, erp, err);
}

/* Read once: only whether it is another one now is of interest later. */
static int
take_ca_file(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
             const char *value, struct err *err)
{
    (void)setup;
    (void)slice;
    reach->ca_file = place_open(value);
    return ca_file_read(value, &reach->ca, err);
}

int
reach_erp(struct reach *reach, struct sandbox_setup *setup, const json_t *slice, struct err *err)
{
    const json_t *erp = json_object_get(json_object_get(slice, "document"), "erp");
    const char *system = json_string_value(json_object_get(erp, "system"));

    for (size_t i = 0; system && i < sizeof needs / sizeof *needs; i++) {
        const json_t *from = needs[i].of_slice ? slice : erp;
        const char *value = json_string_value(json_object_get(from, needs[i].member));

        if (value && strcmp(needs[i].system, system) == 0 &&
            needs[i].take(reach, setup, slice, value, err))
            return -1;
    }
    return 0;
}

struct proxy *
reach_proxy(struct reach *reach, struct event_base *base)
{
    struct proxy *proxy;

    if (!reach->hosts)
        return NULL;
    proxy = proxy_new(base, reach->proxy_fd, reach->hosts, reach->host_count);
    reach->proxy_fd = -1;
    return proxy;
}

void
reach_check(const struct reach *reach)
{
    if (reach->folder)
        lines_check(reach->folder);
}

const char *
reach_outdated(const struct reach *reach)
{
    const struct place *const places[] = {reach->folder, reach->ca_file};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i] && place_look(places[i]) >= PLACE_OTHER)
            return places[i]->path;
    return NULL;
}

void
reach_close(struct reach *reach)
{
    place_close(reach->folder);
    place_close(reach->ca_file);
    free(reach->ca);
    free(reach->hosts);
    if (reach->proxy_fd >= 0)
        close(reach->proxy_fd);
    if (reach->folder_lock >= 0)
        close(reach->folder_lock);
    if (reach->driver_fd >= 0)
        close(reach->driver_fd);
}
