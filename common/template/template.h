/* Texts with {names} in them: the values of a recipe.
 *
 *     {order.worksheet}   {options.branch
 * trim}   {price
 * number:,.}   {{ and }} are braces
 *
 * Filters: urlencode, json, xpath, css, trim, lower, upper, number:D[G][:N] (decimal sign, group
 * sign, fixed digits). No filter ever rounds. Expanded texts may contain a password: free them with
 * template_free, which wipes them. */
#ifndef COMMON_TEMPLATE_TEMPLATE_H
#define COMMON_TEMPLATE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_NAME_MAX 63
#define TEMPLATE_WRONG_BYTES 192

/* What a text may contain. */
struct template_rules {
    bool (*known)(const char *name, void *arg);
    void *arg;
    bool password; /* {credentials.password} is allowed */
    /* A filter that the order's values need here ("css", …), since they are untrusted; number is
     * accepted as well. NULL: none. */
    const char *needs;
    const char *password_place; /* where it is allowed, for people; NULL: in typed text */
};

/* NULL: no value of that name yet. */
typedef const char *template_lookup(const char *name, void *arg);

/* Whether the text is valid; else wrong says why not. */
bool template_check(const char *text, const struct template_rules *rules,
                    char wrong[TEMPLATE_WRONG_BYTES]);

/* Whether a text is {name}, without a filter, with nothing but plain text around it; *before and
 * *after: the characters next to it, '\0' at the ends of the text. */
bool template_surrounds(const char *text, const char *name, char *before, char *after);

/* The text with its values, template_free() it. NULL: a value is missing or a filter cannot convert
 * it; wrong says which. */
char *template_expand(const char *text, template_lookup *lookup, void *arg,
                      char wrong[TEMPLATE_WRONG_BYTES]);
void template_free(char *text);

/* How numbers are written on a page. */
struct number_format {
    char decimal; /* '.' or ',' */
    char group;   /* '.', ',', ' ' or '\''; 0: none */
};

/* Converts a number as shown on a page to a plain decimal: "1.234,50" → "1234.5". Strict: groups of
 * three or none; false for anything else, or if it does not fit. */
bool template_number(const char *text, const struct number_format *format, char *plain,
                     size_t size);

#endif
