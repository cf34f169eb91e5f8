/* Texts with {names} in them: what a recipe's values are made of.
 *
 *     {order.worksheet}   {options.branch|trim}   {price|number:,.}   {{ and }} are braces
 *
 * Filters: urlencode, json, xpath, css, xml, odata, sqlfilters, economic, base64, trim, lower, upper,
 * or:TEXT (where there is no value, or an empty one), number:D[G][:N] (decimal sign, group sign,
 * fixed digits). No filter ever rounds. Expanded texts may hold a password: they are freed by
 * template_free, which wipes them. */
#ifndef COMMON_TEMPLATE_TEMPLATE_H
#define COMMON_TEMPLATE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_NAME_MAX 63
#define TEMPLATE_WRONG_BYTES 192

/* What may stand in a text. */
struct template_rules {
    bool (*known)(const char *name, void *arg);
    void *arg;
    bool password; /* {credentials.password} may */
    /* A filter that values of the order need here ("css", …), since they are foreign text in a
     * language; number does as well. NULL: none. */
    const char *needs;
};

/* NULL: there is no value of that name yet. */
typedef const char *template_lookup(const char *name, void *arg);

/* Whether the text is sound; else wrong says why not. */
bool template_check(const char *text, const struct template_rules *rules,
                    char wrong[TEMPLATE_WRONG_BYTES]);

/* Whether a text is {name}, without a filter, with nothing but plain text around it; *before and
 * *after: the characters next to it, '\0' at the ends of the text. */
bool template_surrounds(const char *text, const char *name, char *before, char *after);

/* The text with its values, template_free() it. NULL: a value is missing or a filter can't take it;
 * wrong says which. */
char *template_expand(const char *text, template_lookup *lookup, void *arg,
                      char wrong[TEMPLATE_WRONG_BYTES]);
void template_free(char *text);

/* How numbers are written on a page. */
struct number_format {
    char decimal; /* '.' or ',' */
    char group;   /* '.', ',', ' ' or '\''; 0: none */
};

/* A number as a page shows it as plain decimal text: "1.234,50" → "1234.5". Strict: groups of three
 * or none; false for anything else, or where there is no room. */
bool template_number(const char *text, const struct number_format *format, char *plain,
                     size_t size);

#endif
