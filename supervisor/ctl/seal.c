/* seal: a password for a workshop's file, by the daemon or, where it is away, with the key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_check.h"
#include "common/key_file.h"
#include "common/secret.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/input.h"
#include "supervisor/ctl/text.h"

static void
print_sealed(const struct ctl *ctl, const json_t *reply)
{
    json_t *value = json_pack("{s:O?}", "sealed", json_object_get(reply, "sealed"));

    (void)ctl;
    /* As it stands in a file. */
    char *text = json_dumps(value, 0);
    char *safe = text_escape_json(text ? text : "");

    puts(safe);
    free(safe);
    free(text);
    json_decref(value);
}

static int
seal_by_daemon(struct ctl *ctl, const char *password)
{
    json_t *body = json_object();
    int result = ctl_body_set(body, "workshop", ctl->args[0]);

    if (result == CTL_OK)
        result = ctl_body_set(body, "password", password);
    if (result == CTL_OK)
        return ctl_run(ctl, "POST", text_format("/seal"), body, print_sealed);
    json_decref(body);
    return result;
}

/* Where the master key is being replaced, this is the new one, as in the daemon. */
static int
read_workshop_key(const char *config, const char *slug, unsigned char *key)
{
    struct master_keys keys = {0};
    struct err err = {0};
    char *file = config_key_file(config, &err);
    int result = file ? key_file_load(file, false, &keys, &err) : -1;

    if (result == 0)
        secret_workshop_key(keys.key, slug, key);
    else
        text_complain("%s", err.text);
    master_keys_clear(&keys);
    free(file);
    return result;
}

static int
seal_here(struct ctl *ctl, const char *password)
{
    const char *slug = ctl->args[0];
    unsigned char *key;
    int result;

    if (!config_slug_sound(slug)) {
        text_complain("%s is no slug: without the daemon a workshop has no other name", slug);
        return CTL_USAGE;
    }
    key = secret_alloc(SECRET_KEY_BYTES);
    result = read_workshop_key(ctl->options[OPTION_CONFIG], slug, key);
    if (result == 0) {
        char *sealed = secret_seal_text(key, CONFIG_CREDENTIALS_CONTEXT, password);

        ctl_show(ctl, json_pack("{s:s, s:s}", "slug", slug, "sealed", sealed), print_sealed);
        free(sealed);
    }
    secret_free(key);
    return result == 0 ? CTL_OK : CTL_USAGE;
}

int
command_seal(struct ctl *ctl)
{
    const char *source = ctl->options[OPTION_PASSWORD_FILE];
    char *password = password_read(source ? source : "-");
    int result;

    if (!password)
        return CTL_USAGE;
    if (ctl->options[OPTION_CONFIG])
        result = seal_here(ctl, password);
    else
        result = seal_by_daemon(ctl, password);
    secret_free(password);
    if (result == CTL_UNREACHED)
        text_complain("without the daemon, root may seal with --config FILE");
    return result;
}
