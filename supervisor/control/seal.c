/* POST /seal: a secret for a workshop's file. */
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/config/sealed.h"
#include "supervisor/control/internal.h"
#include "supervisor/daemon/children.h"

/* The slug determines the key, the object the binding: those of the workshop, unless the request
 * names others or the workshop does not exist yet. */
struct seal {
    const char *slug; /* NULL: unknown */
    const struct sealed_secret *kind;
    const json_t *document; /* has the object that it is bound to; NULL: not given */
    const char *plain;
};

static const char *
slug_to_seal(const struct child *child, const char *name_or_slug)
{
    if (child)
        return child->workshop->slug;
    return name_or_slug && config_slug_sound(name_or_slug) ? name_or_slug : NULL;
}

static void
read_request(const struct control *control, const json_t *request, struct seal *seal)
{
    const char *name = json_string_value(json_object_get(request, "workshop"));
    const struct child *child = name ? children_find(control->daemon, name) : NULL;
    const json_t *stored = child ? child->workshop->document : NULL;

    seal->slug = slug_to_seal(child, name);
    seal->kind =
        sealed_secret_at(json_object_get(request, "secret") ? SEALED_CALLBACK : SEALED_PASSWORD);
    seal->plain = json_string_value(json_object_get(request, seal->kind->member));
    seal->document = json_object_get(request, seal->kind->bound_to)                  ? request
                     : json_is_object(json_object_get(stored, seal->kind->bound_to)) ? stored
                                                                                     : NULL;
}

static bool
is_callback_secret(const char *text)
{
    unsigned char key[CONFIG_CALLBACK_SECRET_MAX];
    bool is = config_callback_key(text, key) != 0;

    secret_wipe(key, sizeof key);
    return is;
}

/* One kind of secret, and what it is bound to. */
static void
check(const json_t *request, const struct seal *seal, struct json_faults *faults)
{
    static const struct json_member members[] = {
        {.name = "workshop",
         .kind = JSON_KIND_TEXT,
         .required = true,
         .minimum = 1,
         .maximum = ORDER_VALUE_MAX},
        {.name = "password", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = ORDER_PASSWORD_MAX},
        {.name = "secret",
         .kind = JSON_KIND_TEXT,
         .minimum = 1,
         .maximum = CONFIG_CALLBACK_SECRET_MAX},
        {.name = "erp", .kind = JSON_KIND_OBJECT},
        {.name = "callback", .kind = JSON_KIND_OBJECT}};
    const struct json_location location = {"", "", faults};
    bool callback = seal->kind == sealed_secret_at(SEALED_CALLBACK);
    const struct sealed_secret *other =
        sealed_secret_at(callback ? SEALED_PASSWORD : SEALED_CALLBACK);

    json_check_members(request, members, sizeof members / sizeof *members, &location);
    if (!json_object_get(request, seal->kind->member))
        json_check_fault(&location, seal->kind->member, "is missing");
    if (json_object_get(request, other->member) || json_object_get(request, other->bound_to))
        json_check_fault(&location, other->bound_to, "only one secret can be sealed at a time");
    if (seal->slug && !seal->document)
        json_check_fault(&location, seal->kind->bound_to,
                         "is missing: it determines where the sealed %s is valid, and there is no "
                         "workshop \"%s\" that has it; pumplinectl seal takes it from a file with "
                         "--file FILE",
                         seal->kind->member, seal->slug);
    if (seal->plain && callback && !is_callback_secret(seal->plain))
        json_check_fault(&location, "secret", "must be base64 after whsec_");
}

static json_t *
sealed_reply(const struct control *control, const struct seal *seal)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    char *binding = seal->kind->binding(seal->document), *sealed;
    json_t *reply;

    secret_workshop_key(control->daemon->keys.key, seal->slug, key);
    sealed = sealed_make(key, binding, seal->plain);
    secret_free(key);
    free(binding);
    reply = json_pack("{ss ss}", "slug", seal->slug, "sealed", sealed);
    free(sealed);
    return reply;
}

void
workshops_seal(struct call *call, void *context)
{
    const struct control *control = context;
    struct json_faults faults = {0};
    json_t *request = call_object(call);
    struct seal seal;

    if (!request)
        return;
    read_request(control, request, &seal);
    check(request, &seal, &faults);
    if (faults.count)
        control_refuse_request(call, &faults);
    else if (!seal.slug)
        call_problem(call, 404, "unknown_workshop", NULL,
                     "no such workshop: \"%s\", and not a valid slug for a new one",
                     json_string_value(json_object_get(request, "workshop")));
    else
        call_reply(call, 200, sealed_reply(control, &seal));
    json_faults_clear(&faults);
    json_decref(request);
}
