/* Reads the bodies of POST /create and PUT …/retry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/text_value.h"
#include "common/json/number.h"
#include "common/json/text.h"
#include "common/order/order.h"

/* JSON types accepted besides a string. */
enum number_form { NO_NUMBER, INTEGER, DECIMAL };

struct member {
    const char *name;
    enum number_form number;
    size_t max_bytes;
    bool exact; /* limited in bytes: not normalised */
};

static const struct member workshop_member = {"workshop", NO_NUMBER, ORDER_VALUE_MAX, false};
static const struct member worksheet_member = {"worksheet", INTEGER, ORDER_VALUE_MAX, false};
static const struct member product_member = {"product_nr", INTEGER, ORDER_VALUE_MAX, false};
static const struct member amount_member = {"product_amount", DECIMAL, ORDER_VALUE_MAX, false};
static const struct member uniqueid_member = {"uniqueid", INTEGER, ORDER_VALUE_MAX, false};
static const struct member username_member = {"username", NO_NUMBER, ORDER_VALUE_MAX, false};
static const struct member password_member = {"password", NO_NUMBER, ORDER_PASSWORD_MAX, true};

struct parse {
    const char *body;
    size_t length;
    json_t *document;
    json_t *missing, *invalid; /* names */
    bool blank;                /* one of the missing is there, and empty */
    char why[512];             /* what is wrong with the invalid ones, as far as it fits */
};

static void
fault_invalid(struct parse *p, const char *name, const char *why)
{
    size_t used = strlen(p->why);

    if (!used)
        snprintf(p->why, sizeof p->why, "%s %s", name, why);
    else if (used + strlen(name) + strlen(why) + sizeof ";  " <= sizeof p->why)
        snprintf(p->why + used, sizeof p->why - used, "; %s %s", name, why);
    json_array_append_new(p->invalid, json_string(name));
}

static bool
is_integer(const char *text)
{
    text += *text == '-';
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Uses a number's own text, since "5" and 5 must give the same order. */
static bool
take_number(struct parse *p, const struct member *m, char *to)
{
    if (m->number == NO_NUMBER) {
        fault_invalid(p, m->name, "must be a string");
        return false;
    }
    if (!json_number_text(p->body, p->length, m->name, to, m->max_bytes + 1)) {
        fault_invalid(p, m->name, "is too long");
        return false;
    }
    if (m->number == INTEGER && !is_integer(to)) {
        fault_invalid(p, m->name, "must be a string or an integer");
        return false;
    }
    return true;
}

static bool
take_string(struct parse *p, const struct member *m, const json_t *value, char *to)
{
    const char *text = json_string_value(value), *wrong;
    char *normal = m->exact ? NULL : text_nfc(text);

    wrong = text_value_wrong(text, json_string_length(value));
    if (!wrong && strlen(normal ?: text) > m->max_bytes)
        wrong = "is too long";
    if (wrong)
        fault_invalid(p, m->name, wrong);
    else
        text_copy(to, m->max_bytes + 1, normal ?: text);
    free(normal);
    return !wrong;
}

/* Copies a member into `to` (max_bytes + 1 bytes). Returns whether it is present and valid; an
 * absent or blank one counts as missing only if it is required. */
static bool
take(struct parse *p, const struct member *m, bool required, char *to)
{
    const json_t *value = json_object_get(p->document, m->name);

    *to = '\0';
    if (!value || json_is_null(value) ||
        (json_is_string(value) && text_is_blank(json_string_value(value)) &&
         !text_has_control(json_string_value(value), json_string_length(value)))) {
        if (required)
            json_array_append_new(p->missing, json_string(m->name));
        p->blank |= required && json_is_string(value);
        return false;
    }
    if (json_is_number(value))
        return take_number(p, m, to);
    if (json_is_string(value))
        return take_string(p, m, value, to);
    fault_invalid(p, m->name, "must be a string");
    return false;
}

static void
take_amount(struct parse *p, bool required, char *to)
{
    if (take(p, &amount_member, required, to) && !amount_valid(to))
        fault_invalid(p, amount_member.name,
                      "must be a decimal greater than 0, with at most 9 digits before the point "
                      "and 6 after it");
}

static int
fault_json(struct order_faults *faults, const char *what)
{
    text_copy(faults->code, sizeof faults->code, "invalid_json");
    text_copy(faults->detail, sizeof faults->detail, what);
    return -1;
}

static int
parse_begin(struct parse *p, const char *body, size_t length, struct order_faults *faults)
{
    size_t mark = json_text_mark(body, length);
    struct err err;

    *p = (struct parse){.body = body + mark, .length = length - mark};
    *faults = (struct order_faults){.fields = NULL};
    /* Integers are parsed as reals, so that any length is accepted; the text that counts is taken
     * from the body. */
    p->document = json_text_read(body, length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &err);
    if (!p->document)
        return fault_json(faults, err.text);
    if (!json_is_object(p->document)) {
        json_decref(p->document);
        return fault_json(faults, "line 1, column 1: expected an object");
    }
    p->missing = json_array();
    p->invalid = json_array();
    return 0;
}

static void
describe_missing(const struct parse *p, char *detail, size_t size)
{
    const json_t *names = p->missing;
    size_t count = json_array_size(names), used = 0;

    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(detail + used, size - used, "%s%s",
                                 !i               ? ""
                                 : i + 1 == count ? " and "
                                                  : ", ",
                                 json_string_value(json_array_get(names, i)));
    if (used < size)
        snprintf(detail + used, size - used, "%s missing%s", count == 1 ? " is" : " are",
                 p->blank ? " or empty" : "");
}

static int
fault_fields(struct order_faults *faults, const char *code, json_t *names)
{
    text_copy(faults->code, sizeof faults->code, code);
    faults->fields = json_incref(names);
    return -1;
}

static bool
value_has_control(const json_t *value)
{
    const char *name;
    json_t *inside;
    size_t i;

    if (json_is_string(value))
        return text_has_control(json_string_value(value), json_string_length(value));
    json_object_foreach((json_t *)value, name, inside) if (text_has_control(name, strlen(name)) ||
                                                           value_has_control(inside)) return true;
    json_array_foreach(value, i, inside) if (value_has_control(inside)) return true;
    return false;
}

static bool
is_one_of(const char *name, const char *const names[])
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* Control characters are refused everywhere, also in members that are ignored. */
static void
check_unknown(struct parse *p)
{
    static const char *const known[] = {"workshop", "worksheet", "product_nr", "product_amount",
                                        "uniqueid", "username",  "password",   NULL};
    const char *name;
    json_t *value;

    json_object_foreach(p->document, name, value)
    {
        if (!is_one_of(name, known) &&
            (text_has_control(name, strlen(name)) || value_has_control(value)))
            fault_invalid(p, name, "contains a control character");
    }
}

static void
refuse_unknown(struct parse *p)
{
    static const char *const known[] = {"worksheet", "product_nr", "product_amount", "confirm",
                                        NULL};
    const char *name;
    json_t *value;

    json_object_foreach(p->document, name, value)
    {
        if (!is_one_of(name, known))
            fault_invalid(p, name, "is not a known member");
    }
}

static int
parse_end(struct parse *p, const char *workshop, const char *wanted, struct order_faults *faults)
{
    int result = 0;

    if (json_array_size(p->missing)) {
        describe_missing(p, faults->detail, sizeof faults->detail);
        result = fault_fields(faults, "missing_fields", p->missing);
    } else if (wanted && *wanted && strcmp(wanted, workshop)) {
        json_t *names = json_pack("[s]", workshop_member.name);

        snprintf(faults->detail, sizeof faults->detail, "this port serves another workshop: %s",
                 workshop);
        result = fault_fields(faults, "wrong_workshop", names);
        json_decref(names);
    } else if (json_array_size(p->invalid)) {
        text_copy(faults->detail, sizeof faults->detail, p->why);
        result = fault_fields(faults, "invalid_fields", p->invalid);
    }
    json_decref(p->document);
    json_decref(p->missing);
    json_decref(p->invalid);
    return result;
}

/* Both or neither, so that an order never runs with mixed credentials. */
static void
take_credentials(struct parse *p, bool required, struct credentials *credentials)
{
    char *username = secret_alloc(ORDER_VALUE_MAX + 1),
         *password = secret_alloc(ORDER_PASSWORD_MAX + 1);
    bool one = take(p, &username_member, required, username);
    bool other = take(p, &password_member, required, password);

    if (one && other) {
        credentials->username = username;
        credentials->password = password;
        return;
    }
    if (!required && one != other && !json_array_size(p->invalid))
        json_array_append_new(p->missing,
                              json_string(one ? password_member.name : username_member.name));
    secret_free(username);
    secret_free(password);
}

int
order_parse(const char *body, size_t length, const char *workshop, bool need_credentials,
            struct order *order, struct credentials *credentials, struct order_faults *faults)
{
    char wanted[ORDER_VALUE_MAX + 1];
    struct parse p;

    *order = (struct order){.status = ORDER_PLACED};
    *credentials = (struct credentials){NULL, NULL};
    if (parse_begin(&p, body, length, faults))
        return -1;
    take(&p, &workshop_member, true, wanted);
    take(&p, &worksheet_member, true, order->worksheet);
    take(&p, &product_member, true, order->product_nr);
    take_amount(&p, true, order->product_amount);
    take(&p, &uniqueid_member, true, order->uniqueid);
    take_credentials(&p, need_credentials, credentials);
    order->own_credentials = credentials->username != NULL;
    check_unknown(&p);
    if (parse_end(&p, workshop, wanted, faults) == 0)
        return 0;
    credentials_clear(credentials);
    return -1;
}

static void
correct(struct parse *p, const struct member *m, char *to)
{
    char value[ORDER_VALUE_MAX + 1];

    if (take(p, m, json_object_get(p->document, m->name) != NULL, value))
        text_copy(to, ORDER_VALUE_MAX + 1, value);
}

static void
correct_confirm(struct parse *p, const struct order *was, struct order *corrected)
{
    const json_t *confirm = json_object_get(p->document, "confirm");

    if (confirm && !json_is_null(confirm) && !json_is_boolean(confirm))
        fault_invalid(p, "confirm", "must be true or false");
    corrected->confirm =
        json_is_true(confirm) || (was->confirm && !json_is_false(confirm) &&
                                  strcmp(was->product_nr, corrected->product_nr) == 0 &&
                                  amount_equal(was->product_amount, corrected->product_amount));
}

int
order_parse_corrections(const char *body, size_t length, struct order *order,
                        struct order_faults *faults)
{
    struct order corrected = *order;
    char amount[ORDER_VALUE_MAX + 1];
    struct parse p;

    *faults = (struct order_faults){.fields = NULL};
    if (!length)
        return 0;
    if (parse_begin(&p, body, length, faults))
        return -1;
    correct(&p, &worksheet_member, corrected.worksheet);
    correct(&p, &product_member, corrected.product_nr);
    take_amount(&p, json_object_get(p.document, amount_member.name) != NULL, amount);
    if (*amount)
        text_copy(corrected.product_amount, sizeof corrected.product_amount, amount);
    correct_confirm(&p, order, &corrected);
    refuse_unknown(&p);
    if (parse_end(&p, NULL, NULL, faults))
        return -1;
    *order = corrected;
    return 0;
}
