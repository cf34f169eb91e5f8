/* Checks of a workshop's configuration against the others and against system users. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/err.h"
#include "common/config/neighbour.h"
#include "common/config/parts.h"

static void
pair_fault(const struct daemon_config *config, const struct workshop_config *w,
           struct json_faults *faults, const char *member, const char *what,
           const struct workshop_config *other)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct json_location location = {file, "", faults};

    json_check_fault(&location, member, "%s %s", what, other->slug);
    free(file);
}

/* Requests are routed by name or slug: neither may be ambiguous. */
static bool
names_clash(const struct workshop_config *a, const struct workshop_config *b)
{
    return strcmp(a->name, b->name) == 0 || strcmp(a->name, b->slug) == 0 ||
           strcmp(b->name, a->slug) == 0;
}

/* What is wrong with b because of a. A port has one owner, too. */
static void
check_pair(const struct daemon_config *config, const struct workshop_config *a,
           const struct workshop_config *b, struct json_faults *faults)
{
    if (a->port && a->port == b->port)
        pair_fault(config, b, faults, "listen", "this port is already used by workshop", a);
    if (*a->name && strcmp(a->name, b->name) == 0)
        pair_fault(config, b, faults, "workshop", "this name is already used by workshop", a);
    else if (names_clash(a, b))
        pair_fault(config, b, faults, "workshop", "this name or slug clashes with workshop", a);
}

/* A user of another service (web server, database) owns files, which the workshop's process could
 * then access. */
static bool
is_allowed(const struct daemon_config *config, const struct passwd *user)
{
    for (size_t i = 0; i < json_array_size(config->allowed_users); i++)
        if (strcmp(json_string_value(json_array_get(config->allowed_users, i)) ?: "",
                   user->pw_name) == 0)
            return true;
    return user->pw_uid >= config->uid_first &&
           user->pw_uid - config->uid_first < config->uid_count;
}

/* Only here: a worker checks its document too, when it may no longer be able to look up users. */
static void
check_user(const struct daemon_config *config, const struct workshop_config *w,
           struct json_faults *faults)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct json_location location = {file, "", faults};
    const struct passwd *user = w->user ? getpwnam(w->user) : NULL;

    if (w->user && !user)
        json_check_fault(&location, "user", "user does not exist");
    else if (user && (!user->pw_uid || !user->pw_gid))
        json_check_fault(&location, "user", "must not be root or in root's group");
    else if (user && !is_allowed(config, user))
        json_check_fault(&location, "user",
                         "must be listed in allowed_users, or lie in the range of worker_uids, "
                         "in pumpline.json");
    free(file);
}

/* Log lines of a workshop start with its name. */
static void
check_name(const struct daemon_config *config, const struct workshop_config *w,
           struct json_faults *faults)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);
    const struct json_location location = {file, "", faults};
    size_t length = strcspn(w->name, ": ");

    if (length == strlen("pumplined") && strncasecmp(w->name, "pumplined", length) == 0)
        json_check_fault(&location, "workshop",
                         "must not be \"pumplined\": the daemon's own log lines start with it");
    free(file);
}

/* It may depend on the daemon's webdriver_url. */
static void
check_browser_place(const struct daemon_config *config, const struct workshop_config *w,
                    struct json_faults *faults)
{
    char *file = mem_format("%s/%s.json", config->workshops_dir, w->slug);

    config_erp_check_proxy(json_object_get(w->document, "erp"), config_webdriver_url(config, w),
                           file, faults);
    free(file);
}

static void
check_alone(const struct daemon_config *config, const struct workshop_config *w,
            struct json_faults *faults)
{
    check_user(config, w, faults);
    check_name(config, w, faults);
    check_browser_place(config, w, faults);
}

/* Workshops with conflicting names get their slugs as names: no two files have the same. */
static void
name_apart(const struct daemon_config *config)
{
    bool *clash = mem_alloc((config->workshop_count + 1) * sizeof *clash);

    for (size_t i = 1; i < config->workshop_count; i++)
        for (size_t j = 0; j < i; j++)
            if (names_clash(config->workshops[i], config->workshops[j]))
                clash[i] = clash[j] = true;
    for (size_t i = 0; i < config->workshop_count; i++)
        if (clash[i])
            text_copy(config->workshops[i]->name, sizeof config->workshops[i]->name,
                      config->workshops[i]->slug);
    free(clash);
}

/* It is unknown which of two came first: both get the fault. */
void
config_check_together(const struct daemon_config *config)
{
    for (size_t i = 0; i < config->workshop_count; i++) {
        struct workshop_config *w = config->workshops[i];

        check_alone(config, w, &w->faults);
        for (size_t j = 0; j < config->workshop_count; j++)
            if (j != i)
                check_pair(config, config->workshops[j], w, &w->faults);
    }
    config_neighbour_check_folders(config);
    name_apart(config);
}

void
config_check_against(const struct daemon_config *config, const struct workshop_config *workshop,
                     struct json_faults *faults)
{
    check_alone(config, workshop, faults);
    config_neighbour_check_folder(config, workshop, faults);
    for (size_t i = 0; i < config->workshop_count; i++)
        if (strcmp(config->workshops[i]->slug, workshop->slug))
            check_pair(config, config->workshops[i], workshop, faults);
}
