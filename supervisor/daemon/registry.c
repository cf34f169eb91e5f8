/* Files of workshops. */
#include "supervisor/daemon/registry.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/disk.h"
#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/json/file.h"
#include "supervisor/daemon/document.h"
#include "supervisor/daemon/reload_rules.h"

char *
registry_path(const struct daemon_config *config, const char *slug)
{
    return mem_format("%s/%s.json", config->workshops_dir, slug);
}

/* NULL if path is NULL. */
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
             const char *file, struct json_faults *faults)
{
    unsigned char *key = workshop_key(keys->key, slug), *old_key = workshop_key(keys->old, slug);
    const struct sealed_secret *secret;

    for (size_t i = 0; (secret = sealed_secret_at(i)); i++)
        if (document_is_unbound(document, secret) &&
            !document_opens(document, secret, key, old_key))
            json_fault_add(faults, file, secret->pointer,
                           "was sealed by an earlier version, for no particular ERP: enter the %s "
                           "again",
                           secret->member);
        else if (!document_opens(document, secret, key, old_key))
            json_fault_add(faults, file, secret->pointer,
                           "was sealed for another %s or with another key: enter the %s again",
                           secret->server, secret->member);
    secret_free(key);
    secret_free(old_key);
}

void
registry_check_sealed(const struct daemon_config *config, const struct workshop_config *workshop,
                      const struct master_keys *keys, struct json_faults *faults)
{
    char *file = registry_path(config, workshop->slug);

    check_sealed(workshop->slug, workshop->document, keys, file, faults);
    free(file);
}

/* As it is read back from its file. */
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

static const char *
text_at(const json_t *document, const char *first, const char *second)
{
    const json_t *value = json_object_get(json_object_get(document, "erp"), first);

    return json_string_value(second ? json_object_get(value, second) : value);
}

/* In a file, root may name a program or a recipe by its path. A client of the control socket may
 * only keep such a path. False: a fault is added, and nothing at that path may be read. */
static bool
check_paths(const json_t *document, const json_t *stored, const char *file,
            struct json_faults *faults)
{
    static const struct {
        const char *first, *second, *pointer, *fault;
    } members[] = {{"recipe", NULL, "/erp/recipe",
                    "must be a name in recipes_dir: only a file may name a path"},
                   {"browser", "binary", "/erp/browser/binary", "is allowed only in a file"}};
    bool sound = true;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *path = text_at(document, members[i].first, members[i].second),
                   *before = text_at(stored, members[i].first, members[i].second);

        if (!path || *path != '/' || (before && strcmp(path, before) == 0))
            continue;
        json_fault_add(faults, file, members[i].pointer, "%s", members[i].fault);
        sound = false;
    }
    return sound;
}

struct workshop_config *
registry_propose(const struct daemon_config *config, const struct master_keys *keys,
                 const char *slug, const json_t *document, json_t *recipe,
                 struct json_faults *faults)
{
    char *file = registry_path(config, slug);
    json_t *unread =
        check_paths(document, stored_document(config, slug), file, faults) ? NULL : json_null();
    struct workshop_config *sent = workshop_config_read(slug, document, recipe ?: unread,
                                                        config->recipes_dir, file, faults),
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

/* keys: NULL: a secret that is plain in the file is a difference. */
static bool
file_matches(const struct daemon_config *config, const struct master_keys *keys, const char *slug)
{
    const json_t *stored = stored_document(config, slug);
    char *path = registry_path(config, slug);
    struct err err;
    json_t *found = json_file_read(path, &err);
    bool same = false;

    if (found) {
        if (keys)
            seal(slug, found, config, keys);
        same = stored && json_equal(found, stored);
    } else {
        same = !stored && strcmp(err.code, "no_file") == 0;
    }
    json_decref(found);
    free(path);
    return same;
}

bool
registry_in_step(const struct daemon_config *config, const struct master_keys *keys,
                 const char *slug)
{
    return file_matches(config, keys, slug);
}

bool
registry_is_written(const struct daemon_config *config, const char *slug)
{
    return file_matches(config, NULL, slug);
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

/* The first secret that the key does not open; NULL: it opens all. */
static const struct sealed_secret *
unopened(const json_t *document, const unsigned char *key)
{
    const struct sealed_secret *secret;

    for (size_t i = 0; (secret = sealed_secret_at(i)); i++)
        if (!document_opens(document, secret, key, NULL))
            return secret;
    return NULL;
}

int
registry_reseal(const struct daemon_config *config, const struct master_keys *keys,
                const char *path, const char *slug, struct err *err)
{
    struct err why;
    json_t *found = json_file_read(path, &why), *sealed;
    const struct sealed_secret *secret;
    unsigned char *key;
    char *text;
    int result = 0;

    if (!found)
        return strcmp(why.code, "no_file") == 0
                   ? 0
                   : err_set(err, "unreadable", "%s: %.300s", path, why.text);
    key = workshop_key(keys->key, slug);
    sealed = json_deep_copy(found);
    seal(slug, sealed, config, keys);
    text = document_text(sealed);
    secret = unopened(sealed, key);
    if (secret)
        result = err_set(err, "unreadable",
                         "%s: the %s was sealed with another key or for another server", path,
                         secret->member);
    else if (!json_equal(found, sealed))
        result = disk_replace(path, text, strlen(text), err);
    secret_free(key);
    free(text);
    json_decref(sealed);
    json_decref(found);
    return result;
}
