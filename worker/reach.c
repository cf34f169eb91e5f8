/* The members of `erp` that name a file, a folder or a server. */
#include "worker/reach.h"

#include <stdlib.h>
#include <string.h>

enum source { OF_ERP, OF_SLICE };
enum kind { READ_FILE, WRITE_FOLDER, CONNECT };

/* A new system's rows go here. */
static const struct {
    const char *system;
    enum source source;
    const char *member;
    enum kind kind;
} needs[] = {{"file", OF_ERP, "folder", WRITE_FOLDER},
             {"tryton", OF_ERP, "url", CONNECT},
             {"tryton", OF_ERP, "ca_file", READ_FILE},
             /* The browser talks to the ERP, and this process to the browser's driver alone. */
             {"webdriver", OF_SLICE, "webdriver_url", CONNECT},
             {"webdriver", OF_ERP, "ca_file", READ_FILE}};

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

static void
add(struct sandbox_setup *setup, const char *value, enum kind kind)
{
    if (kind == CONNECT)
        setup->ports[setup->port_count++] = port_of(value);
    else
        setup->paths[setup->path_count++] =
            (struct sandbox_path){value, kind == WRITE_FOLDER ? SANDBOX_WRITE : SANDBOX_READ};
}

void
reach_erp(struct sandbox_setup *setup, const json_t *slice)
{
    const json_t *erp = json_object_get(json_object_get(slice, "document"), "erp");
    const char *system = json_string_value(json_object_get(erp, "system"));

    for (size_t i = 0; system && i < sizeof needs / sizeof *needs; i++) {
        const json_t *from = needs[i].source == OF_ERP ? erp : slice;
        const char *value = json_string_value(json_object_get(from, needs[i].member));

        if (value && strcmp(needs[i].system, system) == 0)
            add(setup, value, needs[i].kind);
    }
}
