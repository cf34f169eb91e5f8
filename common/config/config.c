/* Reads and checks a workshop's document. load.c reads pumpline.json as a whole. */
#include "common/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/text_value.h"
#include "common/config/parts.h"

#define MAXIMUM_SECONDS (INT64_C(10) * 365 * 86400)

static const char *const scopes[] = {"order", "manage", NULL};

static const struct json_member retry_members[] = {
    {.name = "first_s", .kind = JSON_KIND_SECONDS, .minimum = 0, .maximum = MAXIMUM_SECONDS},
    {.name = "max_s", .kind = JSON_KIND_SECONDS, .minimum = 0, .maximum = MAXIMUM_SECONDS},
    {.name = "give_up_after_s",
     .kind = JSON_KIND_SECONDS,
     .minimum = 0,
     .maximum = MAXIMUM_SECONDS},
};

static const struct json_member hold_members[] = {
    {.name = "worksheet_not_found_s",
     .kind = JSON_KIND_SECONDS,
     .minimum = 0,
     .maximum = MAXIMUM_SECONDS},
    {.name = "worksheet_closed_s",
     .kind = JSON_KIND_SECONDS,
     .minimum = 0,
     .maximum = MAXIMUM_SECONDS},
};

static const struct json_member credential_members[] = {
    {.name = "username",
     .kind = JSON_KIND_TEXT,
     .required = true,
     .minimum = 1,
     .maximum = ORDER_VALUE_MAX},
    {.name = "password",
     .kind = JSON_KIND_SECRET,
     .required = true,
     .minimum = 1,
     .maximum = ORDER_PASSWORD_MAX},
};

static const struct json_member token_members[] = {
    {.name = "scope", .kind = JSON_KIND_CHOICE, .required = true, .choices = scopes},
    {.name = "hash",
     .kind = JSON_KIND_TEXT,
     .required = true,
     .minimum = SECRET_HASH_TEXT_BYTES - 1,
     .maximum = SECRET_HASH_TEXT_BYTES - 1},
    {.name = "name", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = ORDER_VALUE_MAX},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define TABLE(name, table)                                                                         \
    static const struct json_table *name(void)                                                     \
    {                                                                                              \
        static const struct json_table all = {table, COUNT(table)};                                \
                                                                                                   \
        return &all;                                                                               \
    }

TABLE(retry_table, retry_members)
TABLE(hold_table, hold_members)
TABLE(credential_table, credential_members)
TABLE(token_table, token_members)

static const struct json_member workshop_members[] = {
    {.name = "$schema", .kind = JSON_KIND_TEXT},
    {.name = "workshop",
     .kind = JSON_KIND_TEXT,
     .required = true,
     .minimum = 1,
     .maximum = ORDER_VALUE_MAX},
    {.name = "active", .kind = JSON_KIND_BOOL},
    {.name = "listen", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = 255},
    {.name = "erp", .kind = JSON_KIND_OBJECT, .required = true},
    {.name = "user", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = 32},
    {.name = "credentials", .kind = JSON_KIND_OBJECT, .nullable = true, .inside = credential_table},
    {.name = "api_tokens", .kind = JSON_KIND_ARRAY, .inside = token_table},
    {.name = "allow_unauthenticated", .kind = JSON_KIND_BOOL},
    {.name = "hosts", .kind = JSON_KIND_ARRAY},
    {.name = "origins", .kind = JSON_KIND_ARRAY},
    {.name = "retry", .kind = JSON_KIND_OBJECT, .inside = retry_table},
    {.name = "hold", .kind = JSON_KIND_OBJECT, .inside = hold_table},
    {.name = "max_amount",
     .kind = JSON_KIND_TEXT,
     .minimum = 1,
     .maximum = ORDER_VALUE_MAX,
     .pattern = CONFIG_DECIMAL_PATTERN},
    {.name = "products", .kind = JSON_KIND_OBJECT, .each = config_product_table},
    {.name = "reconcile_per_minute", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 6000},
    {.name = "retention_days", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 36500},
    {.name = "stop_timeout_s", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 3600},
    {.name = "http", .kind = JSON_KIND_OBJECT, .inside = config_http_table},
    {.name = "queue_max_mib", .kind = JSON_KIND_INTEGER, .minimum = 1, .maximum = 1 << 20},
    {.name = "callback", .kind = JSON_KIND_OBJECT, .inside = config_callback_table},
    {.name = "moved_out", .kind = JSON_KIND_OBJECT, .inside = config_moved_out_table},
};

const struct json_table *
config_workshop_table(void)
{
    static const struct json_table all = {workshop_members, COUNT(workshop_members)};

    return &all;
}

static int64_t
seconds_member(const json_t *object, const char *name, double fallback)
{
    const json_t *value = json_object_get(object, name);

    return (int64_t)((value ? json_number_value(value) : fallback) * 1000 + 0.5);
}

static unsigned
integer_member(const json_t *object, const char *name, unsigned fallback)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) ? (unsigned)json_integer_value(value) : fallback;
}

static void
load_retry(struct workshop_config *w, const struct json_location *root)
{
    const struct json_location location = {root->file, "/retry", root->faults};
    const json_t *retry = json_object_get(w->document, "retry");

    if (json_is_object(retry) &&
        !json_check_members(retry, retry_members, COUNT(retry_members), &location))
        return;
    w->retry = (struct retry_policy){seconds_member(retry, "first_s", 2),
                                     seconds_member(retry, "max_s", 300),
                                     seconds_member(retry, "give_up_after_s", 86400)};
    if (w->retry.first_ms < 1 || w->retry.max_ms < w->retry.first_ms)
        json_check_fault(&location, "max_s",
                         "must not be less than first_s, and first_s must be more than 0");
}

static void
load_hold(struct workshop_config *w, const struct json_location *root)
{
    const struct json_location location = {root->file, "/hold", root->faults};
    const json_t *hold = json_object_get(w->document, "hold");

    if (!json_is_object(hold) ||
        !json_check_members(hold, hold_members, COUNT(hold_members), &location))
        return;
    w->hold = (struct hold_policy){seconds_member(hold, "worksheet_not_found_s", 0),
                                   seconds_member(hold, "worksheet_closed_s", 0)};
}

static void
load_credentials(struct workshop_config *w, const struct json_location *root)
{
    const struct json_location location = {root->file, "/credentials", root->faults};
    const json_t *credentials = json_object_get(w->document, "credentials");

    if (!json_is_object(credentials))
        return;
    w->has_credentials = true;
    json_check_members(credentials, credential_members, COUNT(credential_members), &location);
}

/* The hash is compared as text, so no other spelling would ever match. */
bool
config_check_token(const json_t *token, const struct json_location *location)
{
    const char *hash = json_string_value(json_object_get(token, "hash"));
    bool sound = json_check_members(token, token_members, COUNT(token_members), location);

    if (!sound || !hash[strspn(hash, "0123456789abcdef")])
        return sound;
    json_check_fault(location, "hash", "must consist of 0-9 and a-f");
    return false;
}

/* Adds the token's name to those in use; true: it was in use already. */
static bool
take_name(json_t *taken, const json_t *token)
{
    const char *name = json_string_value(json_object_get(token, "name"));
    bool was = name && json_object_get(taken, name);

    if (name)
        json_object_set_new(taken, name, json_true());
    return was;
}

static void
load_tokens(struct workshop_config *w, const struct json_location *root)
{
    const json_t *tokens = json_object_get(w->document, "api_tokens");
    json_t *names = json_object();

    if (json_array_size(tokens) > CONFIG_TOKENS_MAX)
        json_check_fault(root, "api_tokens", "has more than %d elements", CONFIG_TOKENS_MAX);
    for (size_t i = 0; i < json_array_size(tokens) && i < CONFIG_TOKENS_MAX; i++) {
        char pointer[40];
        const struct json_location location = {root->file, pointer, root->faults};
        const json_t *token = json_array_get(tokens, i);

        snprintf(pointer, sizeof pointer, "/api_tokens/%zu", i);
        if (json_is_object(token))
            config_check_token(token, &location);
        else
            json_fault_add(root->faults, root->file, pointer, "must be an object");
        if (take_name(names, token))
            json_check_fault(&location, "name", "another token has the same name");
    }
    json_decref(names);
}

static void
load_http(struct workshop_config *w, const struct json_location *root)
{
    const struct json_location location = {root->file, "/http", root->faults};

    config_http_read(json_object_get(w->document, "http"), false, &w->http, &location);
    config_http_names(w->document, "hosts", root);
    config_http_names(w->document, "origins", root);
}

static void
load_workshop(struct workshop_config *w, const struct json_location *root)
{
    const json_t *active = json_object_get(w->document, "active");
    const json_t *erp = json_object_get(w->document, "erp");

    json_check_members(w->document, workshop_members, COUNT(workshop_members), root);
    text_copy(w->name, sizeof w->name,
              json_string_value(json_object_get(w->document, "workshop")) ?: "");
    text_nfc_in_place(w->name, sizeof w->name);
    w->active = !active || json_is_true(active);
    w->allow_unauthenticated = json_is_true(json_object_get(w->document, "allow_unauthenticated"));
    w->reconcile_per_minute = integer_member(w->document, "reconcile_per_minute", 60);
    w->retention_days = integer_member(w->document, "retention_days", 400);
    w->stop_timeout_s = integer_member(w->document, "stop_timeout_s", 30);
    w->user = json_string_value(json_object_get(w->document, "user"));
    w->queue_max_mib = integer_member(w->document, "queue_max_mib", 1024);
    config_listen_read(w, root);
    load_retry(w, root);
    load_hold(w, root);
    config_moved_out_read(w, root);
    config_rules_read(w->document, &w->rules, root);
    load_credentials(w, root);
    load_tokens(w, root);
    load_http(w, root);
    config_callback_read(w, root);
    if (json_is_object(erp)) {
        config_erp_check(erp, root->file, root->faults);
        w->erp_system = json_string_value(json_object_get(erp, "system"));
        w->max_in_flight = integer_member(erp, "max_in_flight", 0);
    }
}

bool
config_slug_sound(const char *slug)
{
    size_t length = strlen(slug);

    return length && length <= CONFIG_SLUG_MAX && slug[0] != '-' &&
           !slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

struct workshop_config *
workshop_config_read(const char *slug, const json_t *document, json_t *recipe,
                     const char *recipes_dir, const char *file, struct json_faults *faults)
{
    const struct json_location root = {file, "", faults};
    struct workshop_config *w = mem_alloc(sizeof *w);
    size_t before = faults->count;

    text_copy(w->slug, sizeof w->slug, slug);
    w->document = json_deep_copy(document);
    if (!config_slug_sound(slug))
        json_fault_add(
            faults, file, "",
            "the file name (the slug) must consist of a-z, 0-9 and '-', at most 64 characters");
    if (json_is_object(w->document))
        load_workshop(w, &root);
    else
        json_fault_add(faults, file, "", "must be an object");
    w->recipe =
        recipe ? json_incref(recipe)
               : config_erp_recipe(json_object_get(w->document, "erp"), recipes_dir, file, faults);
    if (faults->count == before)
        w->target = config_erp_target(json_object_get(w->document, "erp"));
    return w;
}

static struct workshop_config *
unless_faulty(struct workshop_config *w, bool sound)
{
    if (sound)
        return w;
    workshop_config_free(w);
    return NULL;
}

struct workshop_config *
workshop_config_new(const char *slug, const json_t *document, const char *recipes_dir,
                    const char *file, struct json_faults *faults)
{
    size_t before = faults->count;
    struct workshop_config *w =
        workshop_config_read(slug, document, NULL, recipes_dir, file, faults);

    return unless_faulty(w, faults->count == before);
}

struct workshop_config *
workshop_config_of_slice(const json_t *slice, struct json_faults *faults)
{
    const char *slug = json_string_value(json_object_get(slice, "slug"));
    size_t before = faults->count;
    struct workshop_config *w =
        workshop_config_read(slug ? slug : "", json_object_get(slice, "document"),
                             json_object_get(slice, "recipe"), NULL, "", faults);

    return unless_faulty(w, faults->count == before);
}

struct workshop_config *
workshop_config_again(const struct workshop_config *workshop, const json_t *document)
{
    struct json_faults faults = {NULL, 0};
    struct workshop_config *again = workshop_config_read(workshop->slug, document, workshop->recipe,
                                                         NULL, workshop->slug, &faults);

    if (faults.count)
        die_abort("%s: accepted configuration is refused on the second check: %s %s",
                  workshop->slug, faults.items[0].pointer, faults.items[0].text);
    return again;
}

struct workshop_config *
workshop_config_copy(const struct workshop_config *workshop)
{
    struct workshop_config *copy = mem_alloc(sizeof *copy);

    *copy = *workshop;
    copy->faults = (struct json_faults){NULL, 0};
    json_faults_add(&copy->faults, &workshop->faults);
    copy->target = workshop->target ? mem_string(workshop->target) : NULL;
    json_incref(copy->document); /* immutable, so both may share it */
    json_incref(copy->recipe);
    return copy;
}

void
workshop_config_free(struct workshop_config *workshop)
{
    if (!workshop)
        return;
    json_decref(workshop->document);
    json_decref(workshop->recipe);
    free(workshop->target);
    json_faults_clear(&workshop->faults);
    free(workshop);
}

json_t *
workshop_config_public(const struct workshop_config *workshop)
{
    json_t *copy = workshop->faults.count ? json_null() : json_deep_copy(workshop->document);
    json_t *credentials = json_object_get(copy, "credentials"),
           *callback = json_object_get(copy, "callback"),
           *tokens = json_object_get(copy, "api_tokens");

    if (json_is_object(credentials))
        json_object_set_new(credentials, "password", json_pack("{s:b}", "sealed", 1));
    if (json_is_object(callback))
        json_object_set_new(callback, "secret", json_pack("{s:b}", "sealed", 1));
    for (size_t i = 0; i < json_array_size(tokens); i++)
        json_object_del(json_array_get(tokens, i), "hash");
    return copy;
}
