/* Files of workshops. */
#include "supervisor/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config_check.h"
#include "common/disk.h"
#include "common/secret.h"
#include "supervisor/document.h"
#include "supervisor/reload_rules.h"

char *
registry_path(const struct daemon_config *config, const char *slug)
{
    return mem_format("%s/%s.json", config->workshops_dir, slug);
}

/* NULL of NULL. */
static unsigned char *
workshop_key(const unsigned char *master_key, const char *slug)
{
    unsigned char *key = master_key ? secret_alloc(SECRET_KEY_BYTES) : NULL;

    if (key)
        secret_workshop_key(master_key, slug, key);
    return key;
}

static const json_t *
stored_document(const struct daemon_config *config, const char *slug)
{
    const struct workshop_config *workshop = config ? reload_find(config, slug) : NULL;

    return workshop ? workshop->document : NULL;
}

static void
seal(const char *slug, json_t *document, const struct daemon_config *before,
     const struct master_keys *keys)
{
    unsigned char *key = workshop_key(keys->key, slug), *old_key = workshop_key(keys->old, slug);

    document_seal(document, stored_document(before, slug), key, old_key);
    secret_free(key);
    secret_free(old_key);
}

void
registry_seal(struct daemon_config *config, const struct daemon_config *before,
              const struct master_keys *keys)
{
    for (size_t i = 0; i < config->workshop_count; i++)
        seal(config->workshops[i]->slug, config->workshops[i]->document, before, keys);
}

static void
check_sealed(const char *slug, const json_t *document, const struct master_keys *keys,
             const char *file, struct config_faults *faults)
{
    unsigned char *key = workshop_key(keys->key, slug), *old_key = workshop_key(keys->old, slug);

    if (!document_opens(document, key, old_key))
        config_fault_add(faults, file, "/credentials/password", "%s",
                         document_is_unbound(document)
                             ? "is sealed for no place, as earlier versions did: give the password"
                             : "was sealed for another place (system, host, port, ca_file, recipe, "
                               "browser) or with another key: give the password again");
    secret_free(key);
    secret_free(old_key);
}

void
registry_check_sealed(const struct daemon_config *config, const struct workshop_config *workshop,
                      const struct master_keys *keys, struct config_faults *faults)
{
    char *file = registry_path(config, workshop->slug);

    check_sealed(workshop->slug, workshop->document, keys, file, faults);
    free(file);
}

/* As it comes back from its file. */
static struct workshop_config *
as_stored(const struct workshop_config *sent)
{
    char *text = document_text(sent->document);
    json_t *copy = json_loads(text, 0, NULL);
    struct workshop_config *workshop = workshop_config_again(sent, copy);

    json_decref(copy);
    free(text);
    return workshop;
}

struct workshop_config *
registry_propose(const struct daemon_config *config, const struct master_keys *keys,
                 const char *slug, const json_t *document, json_t *recipe,
                 struct config_faults *faults)
{
    char *file = registry_path(config, slug);
    struct workshop_config *sent = workshop_config_read(slug, document, recipe, file, faults),
                           *workshop = NULL;

    check_sealed(slug, document, keys, file, faults);
    config_check_against(config, sent, faults);
    if (!faults->count) {
        seal(slug, sent->document, config, keys);
        workshop = as_stored(sent);
    }
    workshop_config_free(sent);
    free(file);
    return workshop;
}

bool
registry_in_step(const struct daemon_config *config, const struct master_keys *keys,
                 const char *slug)
{
    const json_t *stored = stored_document(config, slug);
    char *path = registry_path(config, slug);
    json_error_t error;
    json_t *found = config_read_json(path, &error);
    bool same = false;

    if (found) {
        seal(slug, found, config, keys);
        same = stored && json_equal(found, stored);
    } else {
        same = !stored && access(path, F_OK) && errno == ENOENT;
    }
    json_decref(found);
    free(path);
    return same;
}

int
registry_write(const struct daemon_config *config, const struct workshop_config *workshop,
               struct err *err)
{
    char *path = registry_path(config, workshop->slug), *text = document_text(workshop->document);
    int result = disk_replace(path, text, strlen(text), err);

    free(text);
    free(path);
    return result;
}

int
registry_reseal(const struct daemon_config *config, const struct master_keys *keys,
                const char *path, const char *slug, struct err *err)
{
    json_error_t error;
    json_t *found = config_read_json(path, &error), *sealed;
    unsigned char *key;
    char *text;
    int result = 0;

    if (!found)
        return access(path, F_OK) && errno == ENOENT
                   ? 0
                   : err_set(err, "unreadable", "%s can't be read", path);
    key = workshop_key(keys->key, slug);
    sealed = json_deep_copy(found);
    seal(slug, sealed, config, keys);
    text = document_text(sealed);
    if (!document_opens(sealed, key, NULL))
        result = err_set(err, "unreadable",
                         "%s: its password was sealed with another key or for another place", path);
    else if (!json_equal(found, sealed))
        result = disk_replace(path, text, strlen(text), err);
    secret_free(key);
    free(text);
    json_decref(sealed);
    json_decref(found);
    return result;
}
