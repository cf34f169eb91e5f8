#include "supervisor/ctl/copies/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/config/parts.h"
#include "common/json/file.h"
#include "supervisor/ctl/term/text.h"

#define SHOWN_OF_A_FINGERPRINT 16

json_t *
manifest_new(const struct site *site, const char *kind)
{
    char host[256] = "", at[CLOCK_TEXT_BYTES];

    gethostname(host, sizeof host - 1);
    text_clean(host);
    clock_text(clock_wall_ms(), at);
    return json_pack("{ss ss ss ss so s{}}", "pumpline", PUMPLINE_VERSION, "kind", kind, "made_at",
                     at, "host", host, "keys", site_keys(site, false), "files");
}

void
manifest_add(json_t *manifest, const char *name, const char *hash)
{
    json_object_set_new(json_object_get(manifest, "files"), name, json_string(hash));
}

int
manifest_copy(json_t *manifest, const char *from, const char *folder, const char *name)
{
    char hash[COPY_HASH_BYTES], *target = mem_format("%s/%s", folder, name);
    int result = copy_file(from, target, hash);

    free(target);
    if (result == 0)
        manifest_add(manifest, name, hash);
    return result;
}

static char *
path_of(const char *folder)
{
    return mem_format("%s/manifest.json", folder);
}

int
manifest_write(const json_t *manifest, const char *folder)
{
    char *path = path_of(folder), *text = json_dumps(manifest, JSON_INDENT(2));
    struct err err;
    int result = text ? disk_replace(path, text, strlen(text), &err) : -1;

    if (result)
        text_complain("%s", text ? err.text : "a name is not valid UTF-8");
    free(text);
    free(path);
    return result;
}

static bool
is_sound(const json_t *manifest)
{
    const json_t *files = json_object_get(manifest, "files");
    const char *name;
    json_t *hash;

    if (!json_is_object(files) || !json_is_array(json_object_get(manifest, "keys")))
        return false;
    json_object_foreach((json_t *)files, name, hash)
    {
        if (!json_is_string(hash))
            return false;
    }
    return true;
}

json_t *
manifest_read(const char *folder)
{
    char *path = path_of(folder);
    struct err err;
    json_t *manifest = json_file_read(path, &err);

    if (!manifest)
        text_complain(
            "%s: %s%s", path, err.text,
            strcmp(err.code, "no_file")
                ? ""
                : " (not a folder made by `backup --all` or `move-out`, or an incomplete one)");
    else if (!is_sound(manifest)) {
        text_complain("%s is not a valid manifest", path);
        json_decref(manifest);
        manifest = NULL;
    }
    free(path);
    return manifest;
}

const char *
manifest_hash(const json_t *manifest, const char *name)
{
    return json_string_value(json_object_get(json_object_get(manifest, "files"), name));
}

json_t *
manifest_slugs(const json_t *manifest)
{
    static const char prefix[] = "workshops.d/";
    json_t *slugs = json_array(), *hash;
    const char *name;

    json_object_foreach(json_object_get(manifest, "files"), name, hash)
    {
        size_t length = strlen(name), before = sizeof prefix - 1;
        char *slug = length > before + 5 ? mem_part(name + before, length - before - 5) : NULL;

        if (slug && strncmp(name, prefix, before) == 0 && config_slug_sound(slug))
            json_array_append_new(slugs, json_string(slug));
        free(slug);
    }
    return slugs;
}

static bool
has(const json_t *list, const json_t *text)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (json_equal(one, text))
            return true;
    }
    return false;
}

static void
say_needed(const json_t *needed, const struct site *site, bool any)
{
    text_complain("the secrets in this folder were sealed with the master key %.*s…, which it does "
                  "not contain; %s %s",
                  SHOWN_OF_A_FINGERPRINT, json_string_value(needed), site->config.key_file,
                  any ? "holds another key" : "is missing or cannot be used");
    text_complain("put that key at %s (32 bytes, mode 0600) first: without it, the sealed "
                  "passwords cannot be opened",
                  site->config.key_file);
}

bool
manifest_fits_keys(const json_t *manifest, const struct site *site)
{
    json_t *mine = site_keys(site, true), *one;
    bool fits = true;
    size_t i;

    json_array_foreach(json_object_get(manifest, "keys"), i, one)
    {
        if (fits && json_is_string(one) && !has(mine, one)) {
            say_needed(one, site, json_array_size(mine) > 0);
            fits = false;
        }
    }
    json_decref(mine);
    return fits;
}

void
manifest_say_key(const json_t *manifest, const struct site *site)
{
    const char *key = json_string_value(json_array_get(json_object_get(manifest, "keys"), 0));

    if (key)
        text_say("It does not contain the master key (%.*s…), and no sealed password can be opened "
                 "without it: keep a copy of %s in another place.",
                 SHOWN_OF_A_FINGERPRINT, key, site->config.key_file);
    else
        text_say("It does not contain the master key, and no sealed password can be opened without "
                 "it. The key is not in %s either: find it, and keep a copy.",
                 site->config.key_file);
}
