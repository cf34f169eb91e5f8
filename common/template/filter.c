/* Escaping for the languages that values are embedded in, and numbers as people write them. */
#include "common/template/filter.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/percent.h"
#include "common/base/secret.h"
#include "common/template/template.h"

#define PLAIN_BYTES 160

/* --- escaping --- */

static char *
apply_urlencode(const char *value, const char *argument)
{
    (void)argument;
    return percent_encode(value);
}

static char *
apply_json(const char *value, const char *argument)
{
    json_t *string = json_string(value);
    char *text = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

    (void)argument;
    json_decref(string);
    return text;
}

/* XPath 1.0 has no escapes: a text with both kinds of quotes needs concat(). */
static char *
apply_xpath(const char *value, const char *argument)
{
    char *text, *to;

    (void)argument;
    if (!strchr(value, '\''))
        return mem_format("'%s'", value);
    if (!strchr(value, '"'))
        return mem_format("\"%s\"", value);
    to = text = mem_alloc(9 * strlen(value) + 16);
    to += sprintf(to, "concat('");
    for (; *value; value++)
        to += sprintf(to, *value == '\'' ? "',\"'\",'" : "%c", *value);
    sprintf(to, "')");
    return text;
}

/* Like CSS.escape: valid as an identifier and inside a quoted string. */
static char *
apply_css(const char *value, const char *argument)
{
    char *text = mem_alloc(4 * strlen(value) + 2), *to = text;

    (void)argument;
    for (const char *p = value; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool leads = p == value || (p == value + 1 && *value == '-');

        if (c < 0x20 || c == 0x7f || (isdigit(c) && leads))
            to += sprintf(to, "\\%x ", c);
        else if (c >= 0x80 || isalnum(c) || c == '_' || (c == '-' && (p > value || p[1])))
            *to++ = (char)c;
        else
            to += sprintf(to, "\\%c", c);
    }
    *to = '\0';
    return text;
}

/* Inside and outside of attributes. */
static char *
apply_xml(const char *value, const char *argument)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    static const char signs[] = "&<>\"'";
    char *text = mem_alloc(6 * strlen(value) + 1), *to = text;

    (void)argument;
    for (; *value; value++) {
        const char *sign = strchr(signs, *value);

        if (sign)
            to = stpcpy(to, entities[sign - signs]);
        else
            *to++ = *value;
    }
    *to = '\0';
    return text;
}

/* Each of the signs with an escape before it. */
static char *
escaped(const char *value, const char *signs, char escape)
{
    char *text = mem_alloc(2 * strlen(value) + 1), *to = text;

    for (; *value; value++) {
        if (strchr(signs, *value))
            *to++ = escape;
        *to++ = *value;
    }
    *to = '\0';
    return text;
}

/* A quote within quotes is doubled (OData 4.01, URL conventions, 5.1.1.6.1). */
static char *
apply_odata(const char *value, const char *argument)
{
    (void)argument;
    return escaped(value, "'", '\'');
}

/* e-conomic's filters: $ before their own signs. */
static char *
apply_economic(const char *value, const char *argument)
{
    (void)argument;
    return escaped(value, "$()*,[]", '$');
}

/* Dolibarr's filters have no escapes: what ends a value, or changes its meaning, can't be asked
 * for. */
static char *
apply_sqlfilters(const char *value, const char *argument)
{
    (void)argument;
    return strpbrk(value, "()\"\\\n\r<>;") ? NULL : mem_string(value);
}

static char *
apply_base64(const char *value, const char *argument)
{
    (void)argument;
    return secret_base64(value, strlen(value));
}

static bool
any_argument(const char *argument)
{
    (void)argument;
    return true;
}

static char *
apply_or(const char *value, const char *argument)
{
    return mem_string(*value ? value : argument);
}

/* --- letters and blanks --- */

static char *
apply_trim(const char *value, const char *argument)
{
    size_t length;

    (void)argument;
    value += strspn(value, " \t\r\n");
    length = strlen(value);
    while (length && strchr(" \t\r\n", value[length - 1]))
        length--;
    return mem_format("%.*s", (int)length, value);
}

static char *
map(const char *value, int (*letter)(int))
{
    char *text = mem_string(value);

    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x80)
            *p = (char)letter((unsigned char)*p);
    return text;
}

static char *
apply_lower(const char *value, const char *argument)
{
    (void)argument;
    return map(value, tolower);
}

static char *
apply_upper(const char *value, const char *argument)
{
    (void)argument;
    return map(value, toupper);
}

/* --- numbers --- */

/* D[G][:N] */
static bool
number_argument(const char *argument)
{
    bool grouped = argument[0] && argument[1] && argument[1] != ':';
    const char *rest = argument + (grouped ? 2 : 1);

    if (*argument != ',' && *argument != '.')
        return false;
    if (grouped && (!strchr(".,' ", argument[1]) || argument[1] == argument[0]))
        return false;
    return !*rest || (*rest == ':' && isdigit((unsigned char)rest[1]) && !rest[2]);
}

static char *
with_groups(char *to, const char *whole, size_t length, char group)
{
    for (size_t i = 0; i < length; i++) {
        if (group && i && (length - i) % 3 == 0)
            *to++ = group;
        *to++ = whole[i];
    }
    return to;
}

/* plain: a decimal. Fewer digits than it has are refused: never rounded. */
static char *
written(const char *plain, char decimal, char group, const char *digits)
{
    size_t minus = *plain == '-', whole = strspn(plain + minus, "0123456789");
    const char *fraction = plain + minus + whole;
    size_t has, wanted;
    char *text, *to;

    fraction += *fraction == '.';
    has = strlen(fraction);
    wanted = digits ? (size_t)(*digits - '0') : has;
    if (wanted < has)
        return NULL;
    to = text = mem_alloc(2 * strlen(plain) + wanted + 4);
    if (minus)
        *to++ = '-';
    to = with_groups(to, plain + minus, whole, group);
    if (wanted)
        *to++ = decimal;
    memcpy(to, fraction, has);
    memset(to + has, '0', wanted - has);
    return text;
}

static char *
apply_number(const char *value, const char *argument)
{
    const struct number_format plain_format = {'.', 0};
    const char *digits = strchr(argument, ':');
    char group = (char)(argument[1] != ':' ? argument[1] : '\0'), plain[PLAIN_BYTES];

    if (!template_number(value, &plain_format, plain, sizeof plain))
        return NULL;
    return written(plain, *argument, group, digits ? digits + 1 : NULL);
}

/* Spaces between groups come in several kinds, and so do minus signs and apostrophes. */
static const struct {
    const char *text;
    char means;
} signs[] = {{"\u00a0", ' '}, {"\u202f", ' '},  {"\u2009", ' '}, {"\t", ' '},
             {"\n", ' '},     {"\u2019", '\''}, {"\u2212", '-'}};

/* The first character of text as one byte; returns its length in bytes. */
static size_t
simple_sign(const char *text, char *sign)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(text, signs[i].text, strlen(signs[i].text)) == 0) {
            *sign = signs[i].means;
            return strlen(signs[i].text);
        }
    *sign = *text;
    return 1;
}

static bool
simplify(const char *text, char *to, size_t size)
{
    size_t used = 0;
    char sign;

    while (*text) {
        text += simple_sign(text, &sign);
        if (used + 1 >= size)
            return false;
        if (used || sign != ' ')
            to[used++] = sign;
    }
    while (used && to[used - 1] == ' ')
        used--;
    to[used] = '\0';
    return true;
}

/* The digits before the decimal sign, without group separators; returns where they end. */
static const char *
take_whole(const char *text, char group, char *to, size_t *used)
{
    size_t digits = strspn(text, "0123456789");

    memcpy(to, text, digits);
    *used = digits;
    text += digits;
    if (!digits || digits > 3)
        return digits ? text : NULL;
    while (group && *text == group) {
        digits = strspn(text + 1, "0123456789");
        if (digits != 3)
            return NULL;
        memcpy(to + *used, text + 1, digits);
        *used += digits;
        text += 1 + digits;
    }
    return text;
}

static size_t
without_zeros(const char *text, size_t length)
{
    while (length && text[length - 1] == '0')
        length--;
    return length;
}

bool
template_number(const char *text, const struct number_format *format, char *plain, size_t size)
{
    char simple[PLAIN_BYTES], whole[PLAIN_BYTES];
    const char *at = simple, *end, *first = whole;
    size_t used, fraction = 0;

    if (!simplify(text, simple, sizeof simple))
        return false;
    at += *at == '-';
    end = take_whole(at, format->group, whole, &used);
    if (end && *end == format->decimal) {
        fraction = strspn(++end, "0123456789");
        at = fraction ? end : NULL;
        end += fraction;
    }
    if (!end || !at || *end || used + fraction + 3 > size)
        return false;
    for (; used > 1 && *first == '0'; used--)
        first++;
    fraction = without_zeros(at, fraction);
    snprintf(plain, size, "%s%.*s%s%.*s", *simple == '-' ? "-" : "", (int)used, first,
             fraction ? "." : "", (int)fraction, at);
    return true;
}

/* --- the table --- */

static const struct template_filter filters[] = {
    {"urlencode", NULL, apply_urlencode},
    {"json", NULL, apply_json},
    {"xpath", NULL, apply_xpath},
    {"css", NULL, apply_css},
    {"xml", NULL, apply_xml},
    {"odata", NULL, apply_odata},
    {"economic", NULL, apply_economic},
    {"sqlfilters", NULL, apply_sqlfilters},
    {"base64", NULL, apply_base64},
    {"or", any_argument, apply_or},
    {"trim", NULL, apply_trim},
    {"lower", NULL, apply_lower},
    {"upper", NULL, apply_upper},
    {"number", number_argument, apply_number},
};

bool
template_filter_parse(const char *text, size_t length, struct template_filter_use *use)
{
    const char *colon = memchr(text, ':', length);
    size_t name = colon ? (size_t)(colon - text) : length;
    size_t argument = colon ? length - name - 1 : 0;

    *use = (struct template_filter_use){.filter = NULL};
    if (argument > TEMPLATE_ARGUMENT_MAX)
        return false;
    if (colon)
        memcpy(use->argument, colon + 1, argument);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (strlen(filters[i].name) == name && memcmp(filters[i].name, text, name) == 0)
            use->filter = &filters[i];
    if (!use->filter)
        return false;
    return use->filter->argument ? use->filter->argument(use->argument) : !colon;
}
