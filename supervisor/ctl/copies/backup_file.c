/* The copy of a workshop's file: as it is, but for passwords in plain text, which are sealed. */
#include <stdlib.h>
#include <string.h>

#include "common/base/disk.h"
#include "common/base/secret.h"
#include "common/config/key_file.h"
#include "common/config/sealed.h"
#include "common/json/file.h"
#include "supervisor/ctl/copies/backup.h"
#include "supervisor/ctl/term/text.h"

static void
seal_one(json_t *document, const struct sealed_secret *secret, const unsigned char *key)
{
    json_t *object = json_object_get(document, secret->object);
    const char *plain = json_string_value(json_object_get(object, secret->member));
    char *binding, *sealed;

    if (!plain)
        return;
    binding = secret->binding(document);
    sealed = sealed_make(key, binding, plain);
    json_object_set_new(object, secret->member, json_pack("{ss}", "sealed", sealed));
    free(sealed);
    free(binding);
}

static bool
has_plain(const json_t *document)
{
    const struct sealed_secret *secret;

    for (size_t i = 0; (secret = sealed_secret_at(i)); i++)
        if (json_is_string(
                json_object_get(json_object_get(document, secret->object), secret->member)))
            return true;
    return false;
}

/* -1 with *err. */
static int
seal(json_t *document, const struct site *site, const char *slug, struct err *err)
{
    const struct sealed_secret *secret;
    struct master_keys keys = {0};
    unsigned char *key;

    if (!has_plain(document))
        return 0;
    if (key_file_load(site->config.key_file, false, &keys, err))
        return -1;
    key = secret_alloc(SECRET_KEY_BYTES);
    secret_workshop_key(keys.key, slug, key);
    for (size_t i = 0; (secret = sealed_secret_at(i)); i++)
        seal_one(document, secret, key);
    secret_free(key);
    master_keys_clear(&keys);
    return 0;
}

static int
write_copy(const json_t *document, const char *target, struct err *err)
{
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    int result = text ? disk_replace(target, text, strlen(text), err)
                      : err_set(err, "invalid_json", "it is not a JSON object");

    free(text);
    return result;
}

int
backup_file(const struct site *site, json_t *manifest, const char *slug, const char *folder)
{
    char *from = site_file(site, slug), *name = mem_format("workshops.d/%s.json", slug);
    char *target = mem_format("%s/%s", folder, name), hash[COPY_HASH_BYTES];
    struct err err;
    json_t *document = json_file_read(from, &err);
    int result =
        document && seal(document, site, slug, &err) == 0 ? write_copy(document, target, &err) : -1;

    if (result)
        text_complain("%s: %s", from, err.text);
    else if ((result = copy_hash(target, hash)) == 0)
        manifest_add(manifest, name, hash);
    json_decref(document);
    free(target);
    free(name);
    free(from);
    return result;
}
