/* The configured credentials, and their seal. */
#include <stdlib.h>

#include "common/base/secret.h"
#include "common/config/config.h"
#include "common/config/sealed.h"

static const json_t *
sealed_password(const struct workshop_config *workshop)
{
    const json_t *credentials = json_object_get(workshop->document, "credentials");

    return json_object_get(json_object_get(credentials, "password"), "sealed");
}

bool
config_password_sealed(const struct workshop_config *workshop)
{
    return sealed_password(workshop) != NULL;
}

/* The daemon accepts no unbound value in a client's document. */
static char *
open_sealed(const struct workshop_config *workshop, const unsigned char *key,
            const unsigned char *old_key, const char *sealed)
{
    char *binding = sealed_binding(workshop->document);
    char *password = sealed_open(key, binding, sealed)
                         ?: sealed_open(old_key, binding, sealed)
                                ?: sealed_open_unbound(key, sealed)
                                       ?: sealed_open_unbound(old_key, sealed);

    free(binding);
    return password;
}

int
config_credentials(const struct workshop_config *workshop, const unsigned char *workshop_key,
                   const unsigned char *old_key, struct credentials *credentials, struct err *err)
{
    const json_t *object = json_object_get(workshop->document, "credentials");
    const json_t *password = json_object_get(object, "password");
    const char *sealed = json_string_value(sealed_password(workshop));

    *credentials = (struct credentials){NULL, NULL};
    if (!json_is_object(object))
        return 0;
    if (sealed)
        credentials->password = open_sealed(workshop, workshop_key, old_key, sealed);
    else
        credentials->password = secret_string(json_string_value(password));
    if (!credentials->password)
        return err_set(err, "credentials",
                       "cannot open the sealed password of %s: it was sealed with another key or "
                       "for another ERP; put the previous master key back at key_file, or enter "
                       "the password again",
                       workshop->slug);
    credentials->username = secret_string(json_string_value(json_object_get(object, "username")));
    return 0;
}
