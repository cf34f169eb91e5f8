/* The single values of a recipe: texts, templates, names, numbers. */
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/json/similar.h"
#include "common/order/reason.h"
#include "common/recipe/checker.h"

#define CODES_BYTES 300

/* --- texts --- */

/* {reply.error.code}: a part of a variable, which is JSON. */
static bool
http_name_known(const struct recipe_checker *c, const char *name)
{
    char base[TEMPLATE_NAME_MAX + 1];

    if (strcmp(name, "credentials.basic") == 0)
        return true;
    text_copy(base, strcspn(name, ".") + 1, name);
    return strcmp(base, "reply") == 0 || json_object_get(c->names, base) != NULL;
}

static bool
name_known(const char *name, void *arg)
{
    static const char *const fixed[] = {
        "order.worksheet", "order.product_nr",     "order.product_amount", "order.uniqueid",
        "order.workshop",  "credentials.username", "credentials.password", "erp.url"};
    const struct recipe_checker *c = arg;

    /* A session may be closed without an order. */
    if (c->section == RECIPE_IN_LOGOUT &&
        (strncmp(name, "order.", 6) == 0 || strncmp(name, "credentials.", 12) == 0))
        return false;
    if (strncmp(name, "options.", 8) == 0)
        return json_object_get(json_object_get(c->recipe, "options"), name + 8) != NULL;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i], name) == 0)
            return true;
    return json_object_get(c->names, name) != NULL || (c->http && http_name_known(c, name));
}

void
recipe_kind_text(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (!json_is_string(value))
        recipe_fault(c, "must be a string");
}

void
recipe_kind_filled(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (!*(json_string_value(value) ?: ""))
        recipe_fault(c, "must be a string that is not empty");
}

#define API_PASSWORD                                                                               \
    "allowed only in headers and bodies, without a filter, and in the URLs of login as "           \
    "{credentials.password|urlencode}"

/* Some APIs take the secrets of a login nowhere else. */
static bool
is_login_url(const struct recipe_checker *c, const struct recipe_member *m)
{
    return c->http && m->kind == RECIPE_URL && c->section == RECIPE_IN_LOGIN;
}

void
recipe_kind_template(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    static const char *const needs[] = {
        [RECIPE_URL] = "urlencode", [RECIPE_CSS] = "css", [RECIPE_XPATH] = "xpath"};
    const struct template_rules rules = {
        name_known, c, m->kind == RECIPE_TYPED || is_login_url(c, m),
        m->kind <= RECIPE_XPATH ? needs[m->kind] : NULL, c->http ? API_PASSWORD : NULL};
    const char *text = json_string_value(value);
    char wrong[TEMPLATE_WRONG_BYTES];

    if (!text)
        recipe_fault(c, "must be a string");
    else if (!*text && rules.needs)
        recipe_fault(c, "is empty");
    else if (!template_check(text, &rules, wrong))
        recipe_fault(c, "%s", wrong);
}

void
recipe_kind_name(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *name = json_string_value(value);

    (void)m;
    if (!name || !recipe_name_valid(name))
        recipe_fault(c, "must be a variable name: letters, digits and _");
}

void
recipe_kind_choice(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *text = json_string_value(value);
    char words[160] = "";
    size_t used = 0;

    for (const char *const *choice = m->choices; *choice; choice++) {
        if (text && strcmp(*choice, text) == 0)
            return;
        used += (size_t)snprintf(words + used, sizeof words - used, "%s\"%s\"", used ? ", " : "",
                                 *choice);
    }
    recipe_fault(c, "must be one of %s", words);
}

static void
unknown_reason(struct recipe_checker *c, const char *code)
{
    struct similar similar = {.word = code};
    const struct reason *reason;
    char all[CODES_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; (reason = reason_at(i)); i++) {
        if (!reason->in_recipe)
            continue;
        similar_try(&similar, reason->code);
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", reason->code);
    }
    if (similar.best)
        recipe_fault(c, "is not a reason code that a recipe may use: did you mean \"%s\"?",
                     similar.best);
    else
        recipe_fault(c, "must be one of %s", all);
}

void
recipe_kind_reason(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *code = json_string_value(value);

    (void)m;
    if (!code || !reason_find_recipe(code))
        unknown_reason(c, code ?: "");
}

static void
unknown_piece(struct recipe_checker *c, const char *name)
{
    struct similar similar = {.word = name};
    const char *known;
    json_t *steps;

    json_object_foreach(json_object_get(c->recipe, "pieces"), known, steps)
    {
        similar_try(&similar, known);
    }
    recipe_fault(c, "pieces has no piece of this name%s%s%s",
                 similar.best ? ": did you mean \"" : "", similar.best ?: "",
                 similar.best ? "\"?" : "");
}

void
recipe_kind_piece(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *name = json_string_value(value);

    (void)m;
    if (!name || !json_object_get(json_object_get(c->recipe, "pieces"), name))
        unknown_piece(c, name ?: "");
}

void
recipe_kind_keys(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    const char *text = json_string_value(value);
    struct recipe_keys keys;

    (void)m;
    if (!text || !recipe_keys_parse(text, &keys))
        recipe_fault(c, "must be a key: one character, Tab, Enter, F2, …, optionally after Ctrl+, "
                        "Shift+, Alt+ or Meta+");
}

void
recipe_kind_what(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    static const char *const words[] = {"text", "value", "url", "title", "page", "count"};
    const char *text = json_string_value(value) ?: "";

    (void)m;
    if (strncmp(text, "attribute:", 10) == 0 && text[10])
        return;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return;
    recipe_fault(c, "must be one of \"text\", \"value\", \"attribute:NAME\", \"count\", \"url\", "
                    "\"title\", \"page\"");
}

/* --- numbers --- */

void
recipe_kind_bool(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (!json_is_boolean(value))
        recipe_fault(c, "must be true or false");
}

void
recipe_kind_number(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    double number = json_number_value(value);
    bool whole = m->kind == RECIPE_INTEGER;

    if (!(whole ? json_is_integer(value) : json_is_number(value)) || number < m->minimum ||
        number > m->maximum)
        recipe_fault(c, "must be a %snumber from %d to %d", whole ? "whole " : "", m->minimum,
                     m->maximum);
}

void
recipe_kind_one(struct recipe_checker *c, const struct recipe_member *m, const json_t *value)
{
    (void)m;
    if (!json_is_integer(value) || json_integer_value(value) != 1)
        recipe_fault(c, "must be 1, the format version");
}

void
recipe_kind_window_size(struct recipe_checker *c, const struct recipe_member *m,
                        const json_t *value)
{
    bool sound = json_array_size(value) == 2;

    (void)m;
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_int_t pixels = json_integer_value(json_array_get(value, i));

        sound = sound && pixels >= 100 && pixels <= 10000;
    }
    if (!sound)
        recipe_fault(c, "must be [width, height] in pixels, each from 100 to 10000");
}
