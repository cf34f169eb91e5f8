/* One row for each member. */
#include "worker/find/filter.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/text_value.h"
#include "common/order/reason.h"

typedef const char *take_member(struct find_filter *filter, const char *text);

static const char *
take_status(struct find_filter *filter, const char *text)
{
    filter->status = order_status_parse(text);
    return filter->status ? NULL : "must be placed, processing, created or error";
}

static const char *
take_attention(struct find_filter *filter, const char *text)
{
    filter->attention = strcmp(text, "true") == 0;
    filter->no_attention = strcmp(text, "false") == 0;
    return filter->attention || filter->no_attention ? NULL : "must be true or false";
}

static const char *
take_reason(struct find_filter *filter, const char *text)
{
    if (!reason_find(text))
        return "is none of the reason codes in pumpline-api(7)";
    text_copy(filter->reason_code, sizeof filter->reason_code, text);
    return NULL;
}

static const char *
take_text(char to[ORDER_VALUE_MAX + 1], const char *text)
{
    if (!*text)
        return "must not be empty";
    if (strlen(text) > ORDER_VALUE_MAX)
        return "is longer than 128 bytes";
    if (text_has_control(text, strlen(text)))
        return "contains a control character";
    text_copy(to, ORDER_VALUE_MAX + 1, text);
    return NULL;
}

static const char *
take_worksheet(struct find_filter *filter, const char *text)
{
    return take_text(filter->worksheet, text);
}

static const char *
take_product(struct find_filter *filter, const char *text)
{
    return take_text(filter->product_nr, text);
}

static const char *
take_q(struct find_filter *filter, const char *text)
{
    return take_text(filter->q, text);
}

static const char *
take_from(struct find_filter *filter, const char *text)
{
    return clock_parse_from(text, &filter->from_ms) ? CLOCK_NOT_A_TIME : NULL;
}

static const char *
take_to(struct find_filter *filter, const char *text)
{
    return clock_parse_to(text, &filter->to_ms) ? CLOCK_NOT_A_TIME : NULL;
}

static const struct member {
    const char *name;
    take_member *take;
} members[] = {{"status", take_status},      {"needs_attention", take_attention},
               {"reason_code", take_reason}, {"worksheet", take_worksheet},
               {"product_nr", take_product}, {"q", take_q},
               {"from", take_from},          {"to", take_to}};

#define COUNT(table) (sizeof(table) / sizeof *(table))

void
find_filter_any(struct find_filter *filter)
{
    *filter = (struct find_filter){.from_ms = INT64_MIN, .to_ms = INT64_MAX};
}

static int
take_query(const struct call *call, const struct member *member, struct find_filter *filter,
           struct err *err)
{
    char text[CALL_PARAM_BYTES];
    int found = call_query(call, member->name, text, sizeof text);
    const char *wrong = found < 0   ? "is badly encoded or too long"
                        : found > 0 ? member->take(filter, text)
                                    : NULL;

    return wrong ? err_set(err, member->name, "%s", wrong) : 0;
}

int
find_filter_query(const struct call *call, struct find_filter *filter, struct err *err)
{
    find_filter_any(filter);
    for (size_t i = 0; i < COUNT(members); i++)
        if (take_query(call, &members[i], filter, err))
            return -1;
    return 0;
}

int
find_filter_times(const struct call *call, struct find_filter *filter, struct err *err)
{
    find_filter_any(filter);
    for (size_t i = 0; i < COUNT(members); i++)
        if ((members[i].take == take_from || members[i].take == take_to) &&
            take_query(call, &members[i], filter, err))
            return -1;
    return 0;
}

static const struct member *
member_find(const char *name)
{
    for (size_t i = 0; i < COUNT(members); i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

int
find_filter_json(const json_t *object, struct find_filter *filter, struct err *err)
{
    const char *name;
    json_t *value;

    find_filter_any(filter);
    json_object_foreach((json_t *)object, name, value)
    {
        const struct member *member = member_find(name);
        const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
                                                  : json_string_value(value),
                   *wrong = !member ? "is not a known member"
                            : !text ? "must be a string, or true or false"
                                    : member->take(filter, text);

        if (wrong)
            return err_set(err, name, "%s", wrong);
    }
    return 0;
}

static bool
has_part(const struct order *order, const char *part)
{
    return strstr(order->uniqueid, part) || strstr(order->worksheet, part) ||
           strstr(order->product_nr, part);
}

static bool
same_or_any(const char *wanted, const char *text)
{
    return !*wanted || strcmp(wanted, text) == 0;
}

bool
find_filter_fits(const struct find_filter *filter, const struct order *order)
{
    bool attention = order_needs_attention(order);

    return (!filter->status || filter->status == order->status) &&
           (!filter->attention || attention) && (!filter->no_attention || !attention) &&
           order->placed_ms >= filter->from_ms && order->placed_ms <= filter->to_ms &&
           same_or_any(filter->reason_code, order->reason_code) &&
           same_or_any(filter->worksheet, order->worksheet) &&
           same_or_any(filter->product_nr, order->product_nr) &&
           (!*filter->q || has_part(order, filter->q));
}
