/* seal: seals a password or a callback's secret for a workshop's file, by the daemon or, if it is
 * not running, with the key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/config/key_file.h"
#include "common/config/parts.h"
#include "common/config/sealed.h"
#include "supervisor/ctl/commands/document.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/input.h"
#include "supervisor/ctl/term/text.h"

static const struct sealed_secret *
kind_of(const struct ctl *ctl)
{
    return sealed_secret_at(ctl->options[OPTION_CALLBACK] ? SEALED_CALLBACK : SEALED_PASSWORD);
}

static void
print_sealed(const struct ctl *ctl, const json_t *reply)
{
    json_t *value = json_pack("{s:O?}", "sealed", json_object_get(reply, "sealed"));

    (void)ctl;
    /* As written in a file. */
    char *text = json_dumps(value, 0);
    char *safe = text_escape_json(text ? text : "");

    puts(safe);
    free(safe);
    free(text);
    json_decref(value);
}

/* The object that the secret is bound to, from a workshop's file. The caller owns it; NULL after
 * reporting why. */
static json_t *
read_bound(const struct sealed_secret *kind, const char *file)
{
    json_t *document = document_read(file);
    json_t *bound = json_incref(json_object_get(document, kind->bound_to));

    if (document && !bound)
        text_complain("%s: /%s: is missing: it determines where the sealed %s is valid", file,
                      kind->bound_to, kind->member);
    json_decref(document);
    return bound;
}

static int
seal_by_daemon(struct ctl *ctl, const char *plain)
{
    const struct sealed_secret *kind = kind_of(ctl);
    const char *file = ctl->options[OPTION_FILE];
    json_t *body = json_object(), *bound = file ? read_bound(kind, file) : NULL;
    int result = file && !bound ? CTL_USAGE : ctl_body_set(body, "workshop", ctl->args[0]);

    if (result == CTL_OK)
        result = ctl_body_set(body, kind->member, plain);
    if (bound)
        json_object_set_new(body, kind->bound_to, bound);
    if (result == CTL_OK)
        return ctl_run(ctl, "POST", mem_string("/seal"), body, print_sealed);
    json_decref(body);
    return result;
}

/* During a rekey this is the new key, as in the daemon. */
static int
read_workshop_key(const struct daemon_config *config, const char *slug, unsigned char *key)
{
    struct master_keys keys = {0};
    struct err err = {0};
    int result = key_file_load(config->key_file, false, &keys, &err);

    if (result == 0)
        secret_workshop_key(keys.key, slug, key);
    else
        text_complain("%s", err.text);
    master_keys_clear(&keys);
    return result;
}

/* The caller owns it; NULL after reporting why. */
static char *
seal_for(const struct ctl *ctl, const struct daemon_config *config, const char *plain)
{
    const struct sealed_secret *kind = kind_of(ctl);
    const char *slug = ctl->args[0], *other = ctl->options[OPTION_FILE];
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    char *file = other ? mem_string(other) : mem_format("%s/%s.json", config->workshops_dir, slug);
    json_t *bound = read_workshop_key(config, slug, key) ? NULL : read_bound(kind, file);
    json_t *document = bound ? json_pack("{s:o}", kind->bound_to, bound) : NULL;
    char *binding = document ? kind->binding(document) : NULL;
    char *sealed = binding ? sealed_make(key, binding, plain) : NULL;

    secret_free(key);
    json_decref(document);
    free(binding);
    free(file);
    return sealed;
}

static int
seal_here(struct ctl *ctl, const char *plain)
{
    const char *slug = ctl->args[0];
    struct daemon_config config;
    struct err err = {0};
    char *sealed;

    if (!config_slug_sound(slug)) {
        text_complain("%s is not a valid slug: without the daemon, name the workshop by its slug",
                      slug);
        return CTL_USAGE;
    }
    if (config_paths(ctl->options[OPTION_CONFIG], &config, &err)) {
        text_complain("%s", err.text);
        return CTL_USAGE;
    }
    sealed = seal_for(ctl, &config, plain);
    if (!sealed)
        return CTL_USAGE;
    ctl_show(ctl, json_pack("{s:s, s:s}", "slug", slug, "sealed", sealed), print_sealed);
    free(sealed);
    return CTL_OK;
}

static bool
is_sound(const struct ctl *ctl, const char *plain)
{
    unsigned char key[CONFIG_CALLBACK_SECRET_MAX];
    bool sound = !ctl->options[OPTION_CALLBACK] || config_callback_key(plain, key);

    if (!sound)
        text_complain("a callback's secret must be base64 after whsec_");
    secret_wipe(key, sizeof key);
    return sound;
}

int
command_seal(struct ctl *ctl)
{
    const char *source = ctl->options[OPTION_PASSWORD_FILE];
    char *plain = password_read(source ? source : "-");
    int result = CTL_USAGE;

    if (plain && is_sound(ctl, plain))
        result = ctl->options[OPTION_CONFIG] ? seal_here(ctl, plain) : seal_by_daemon(ctl, plain);
    secret_free(plain);
    if (result == CTL_UNREACHED)
        text_complain("without the daemon, root can seal with --config FILE");
    return result;
}
