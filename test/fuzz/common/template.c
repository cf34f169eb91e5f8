/* Templates: a valid one expands with plain values; a filter's output reads back as its input; a
 * number is normalised or rejected. */
#include <jansson.h>

#include "common/base/percent.h"
#include "common/template/template.h"
#include "test/fuzz/fuzz.h"

static char wrong[TEMPLATE_WRONG_BYTES];

static bool
known(const char *name, void *arg)
{
    (void)arg;
    return strcmp(name, "a") == 0 || strncmp(name, "order.", 6) == 0;
}

static const char *
value_of(const char *name, void *arg)
{
    (void)name;
    return arg;
}

static void
check(const char *text, bool strict)
{
    const struct template_rules rules = {
        .known = known, .password = !strict, .needs = strict ? "css" : NULL};
    char *expanded, digits[] = "1234.50";
    bool sound;

    *wrong = '\0';
    sound = template_check(text, &rules, wrong);
    REQUIRE(sound == !*wrong);
    *wrong = '\0';
    expanded = template_expand(text, value_of, digits, wrong);
    REQUIRE(!expanded == (*wrong != '\0'));
    template_free(expanded);
}

static char *
filtered(const char *filter, char *value)
{
    char *text = mem_format("{a|%s}", filter), *result;

    result = template_expand(text, value_of, value, wrong);
    free(text);
    return result;
}

static void
read_back(char *value)
{
    size_t length = strlen(value);
    char *url = filtered("urlencode", value), *json = filtered("json", value),
         *trimmed = filtered("trim", value), *again = trimmed ? filtered("trim", trimmed) : NULL,
         *decoded = mem_alloc(length + 1);
    json_t *read = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;

    REQUIRE(url && percent_decode(url, strlen(url), decoded, length + 1, false) == 0 &&
            strcmp(decoded, value) == 0);
    if (read && json_is_string(read))
        REQUIRE(strcmp(json_string_value(read), value) == 0);
    REQUIRE(!trimmed || (again && strcmp(again, trimmed) == 0));
    json_decref(read);
    free(decoded);
    template_free(again);
    template_free(trimmed);
    template_free(json);
    template_free(url);
}

static void
quote(char *value)
{
    char *xpath = filtered("xpath", value), *css = filtered("css", value);

    /* No part of the value is outside the quotes. */
    if (xpath && *xpath != 'c')
        REQUIRE(strlen(xpath) == strlen(value) + 2 && xpath[0] == xpath[strlen(xpath) - 1] &&
                !strchr(value, xpath[0]));
    REQUIRE(css && !strpbrk(css, "\r\n"));
    template_free(css);
    template_free(xpath);
}

static void
number(const char *text, unsigned choice)
{
    const struct number_format format = {choice & 1 ? ',' : '.', ",. '"[choice >> 1 & 3]};
    char plain[64], again[64];

    if (!template_number(text, &format, plain, sizeof plain))
        return;
    REQUIRE(template_number(plain, &(struct number_format){'.', 0}, again, sizeof again));
    REQUIRE(strcmp(plain, again) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    char *text = take_text(&data, &size, '\0'), before, after;

    check(text, choice & 1);
    template_surrounds(text, "a", &before, &after);
    read_back(text);
    quote(text);
    number(text, choice);
    free(text);
    return 0;
}
