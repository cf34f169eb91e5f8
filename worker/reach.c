/* The members of `erp` that name a file, a folder or a server. */
#include "worker/reach.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/ca_file.h"
#include "worker/lines.h"

static int take_folder(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
                       const char *value, struct err *err);
static int take_url(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
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
    /* The browser talks to the ERP, and this process to the browser's driver alone. */
    {"webdriver", "webdriver_url", true, take_url},
    {"webdriver", "ca_file", false, take_ca_file},
};

/* Of a URL that the configuration's check has found sound. */
static uint16_t
port_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *end = *host == '[' ? strchr(host, ']') : host;
    const char *colon = end + strcspn(end, ":/");

    if (*colon == ':')
        return (uint16_t)atoi(colon + 1);
    return strncmp(url, "https:", 6) == 0 ? 443 : 80;
}

/* Of such a URL: an address needs no resolver. */
static bool
is_name(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    char text[64];
    struct in_addr address;

    if (*host == '[')
        return false;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(host, ":/"), host);
    return inet_pton(AF_INET, text, &address) != 1;
}

static int
take_folder(struct reach *reach, struct sandbox_setup *setup, const json_t *slice,
            const char *value, struct err *err)
{
    (void)err;
    reach->folder = place_open(value);
    if (setup->uid && !json_object_get(json_object_get(slice, "document"), "user"))
        lines_give(reach->folder, setup->uid);
    setup->paths[setup->path_count++] = (struct sandbox_path){reach->folder, SANDBOX_WRITE};
    return 0;
}

static int
take_url(struct reach *reach, struct sandbox_setup *setup, const json_t *slice, const char *value,
         struct err *err)
{
    (void)reach;
    (void)slice;
    (void)err;
    setup->ports[setup->port_count++] = port_of(value);
    setup->names |= is_name(value);
    return 0;
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
}
