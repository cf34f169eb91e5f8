/* Loads libcurl. */
#include "worker/io/curl_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/sandbox/sandbox.h"

/* Debian ships one library per TLS backend, with the same interface. */
static const char *const libraries[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"curl_global_init", offsetof(struct curl_api, global_init)},
    {"curl_easy_init", offsetof(struct curl_api, easy_init)},
    {"curl_easy_setopt", offsetof(struct curl_api, easy_setopt)},
    {"curl_easy_getinfo", offsetof(struct curl_api, easy_getinfo)},
    {"curl_easy_cleanup", offsetof(struct curl_api, easy_cleanup)},
    {"curl_easy_strerror", offsetof(struct curl_api, easy_strerror)},
    {"curl_multi_init", offsetof(struct curl_api, multi_init)},
    {"curl_multi_setopt", offsetof(struct curl_api, multi_setopt)},
    {"curl_multi_add_handle", offsetof(struct curl_api, multi_add_handle)},
    {"curl_multi_remove_handle", offsetof(struct curl_api, multi_remove_handle)},
    {"curl_multi_socket_action", offsetof(struct curl_api, multi_socket_action)},
    {"curl_multi_info_read", offsetof(struct curl_api, multi_info_read)},
    {"curl_multi_assign", offsetof(struct curl_api, multi_assign)},
    {"curl_multi_cleanup", offsetof(struct curl_api, multi_cleanup)},
    {"curl_slist_append", offsetof(struct curl_api, slist_append)},
    {"curl_slist_free_all", offsetof(struct curl_api, slist_free_all)},
};

static int
bind_symbols(void *library, struct curl_api *api, struct err *err)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);

        if (!symbol)
            return err_set(err, "libcurl", "libcurl lacks %s", symbols[i].name);
        *(void **)((char *)api + symbols[i].offset) = symbol; /* as POSIX has it, for dlsym() */
    }
    return 0;
}

/* The C library loads its name resolution modules at the first look-up, which is too late once no
 * code can be mapped any more. A module that is missing here is missing there as well. */
static void
load_resolvers(void)
{
    FILE *services = fopen("/etc/nsswitch.conf", "re");
    char line[512], *rest, name[80];

    while (services && fgets(line, sizeof line, services))
        if (strncmp(line, "hosts:", 6) == 0)
            for (char *word = strtok_r(line + 6, " \t\n", &rest); word;
                 word = strtok_r(NULL, " \t\n", &rest)) {
                snprintf(name, sizeof name, "libnss_%.60s.so.2", word);
                if (!strpbrk(word, "[]=/#"))
                    dlopen(name, RTLD_NOW | RTLD_LOCAL);
            }
    if (services)
        fclose(services);
}

const struct curl_api *
curl_api_load(struct err *err)
{
    static struct curl_api api;
    static bool loaded;
    void *library = NULL;

    if (loaded)
        return &api;
    for (size_t i = 0; !library && i < sizeof libraries / sizeof *libraries; i++)
        library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        err_set(err, "libcurl", "cannot load libcurl: %s", dlerror());
        return NULL;
    }
    if (bind_symbols(library, &api, err))
        return NULL;
    if (api.global_init(CURL_GLOBAL_DEFAULT)) {
        err_set(err, "libcurl", "cannot initialise libcurl");
        return NULL;
    }
    load_resolvers();
    if (sandbox_loaded(err))
        return NULL;
    loaded = true;
    return &api;
}
