/* The `callback` object: who is told what has become of the orders. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/config/sealed.h"

#define PREFIX "whsec_"
#define GIVE_UP_DEFAULT_S 86400
#define GIVE_UP_MAX_S (INT64_C(10) * 365 * 86400)

static const struct json_member members[] = {
    {.name = "url",
     .kind = JSON_KIND_URL,
     .required = true,
     .minimum = 1,
     .maximum = JSON_PATH_MAX - 1},
    {.name = "secret",
     .kind = JSON_KIND_SECRET,
     .required = true,
     .minimum = 1,
     .maximum = CONFIG_CALLBACK_SECRET_MAX},
    {.name = "give_up_after_s", .kind = JSON_KIND_SECONDS, .minimum = 1, .maximum = GIVE_UP_MAX_S},
};

const struct json_table *
config_callback_table(void)
{
    static const struct json_table all = {members, sizeof members / sizeof *members};

    return &all;
}

void
config_callback_read(struct workshop_config *workshop, const struct json_location *root)
{
    const struct json_location location = {root->file, "/callback", root->faults};
    const json_t *callback = json_object_get(workshop->document, "callback"),
                 *give_up = json_object_get(callback, "give_up_after_s");
    const char *secret = json_string_value(json_object_get(callback, "secret"));
    unsigned char key[CONFIG_CALLBACK_SECRET_MAX];

    if (!json_is_object(callback) ||
        !json_check_members(callback, members, sizeof members / sizeof *members, &location))
        return;
    workshop->callback_url = json_string_value(json_object_get(callback, "url"));
    workshop->callback_give_up_ms =
        (int64_t)((give_up ? json_number_value(give_up) : GIVE_UP_DEFAULT_S) * 1000 + 0.5);
    if (secret && !config_callback_key(secret, key))
        json_check_fault(&location, "secret", "must be base64 after " PREFIX);
    secret_wipe(key, sizeof key);
}

size_t
config_callback_key(const char *secret, unsigned char key[CONFIG_CALLBACK_SECRET_MAX])
{
    bool prefixed = strncmp(secret, PREFIX, strlen(PREFIX)) == 0;
    const char *text = prefixed ? secret + strlen(PREFIX) : secret;
    size_t length = strlen(text), size = 0;

    if (length && length <= CONFIG_CALLBACK_SECRET_MAX &&
        sodium_base642bin(key, CONFIG_CALLBACK_SECRET_MAX, text, length, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0)
        return size;
    if (prefixed || !length || length > CONFIG_CALLBACK_SECRET_MAX)
        return 0;
    memcpy(key, text, length);
    return length;
}

char *
config_callback_secret(const struct workshop_config *workshop, const unsigned char *workshop_key,
                       const unsigned char *old_key, struct err *err)
{
    const json_t *secret =
        json_object_get(json_object_get(workshop->document, "callback"), "secret");
    const char *sealed = json_string_value(json_object_get(secret, "sealed"));
    char *binding, *plain;

    if (!sealed)
        return secret_string(json_string_value(secret));
    binding = sealed_callback_binding(workshop->document);
    plain = sealed_open(workshop_key, binding, sealed) ?: sealed_open(old_key, binding, sealed);
    free(binding);
    if (!plain)
        err_set(err, "credentials",
                "cannot open the sealed secret of %s's callback: it was sealed with another key or "
                "for another host; give it again",
                workshop->slug);
    return plain;
}
