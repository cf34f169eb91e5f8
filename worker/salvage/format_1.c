/* Reading it. */
#include "worker/salvage/format_1.h"

#include <string.h>

struct text_member {
    const char *name;
    size_t offset, size;
};

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct order, member), sizeof(((struct order *)0)->member)               \
    }

static const struct text_member texts[] = {
    TEXT(uniqueid),    TEXT(worksheet),   TEXT(product_nr),   TEXT(product_amount),
    TEXT(reason_code), TEXT(reason_text), TEXT(erp_reference)};

static int
take_texts(const json_t *content, struct order *order)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = json_string_value(json_object_get(content, texts[i].name));

        if (!text || strlen(text) >= texts[i].size)
            return -1;
        text_copy((char *)order + texts[i].offset, texts[i].size, text);
    }
    return 0;
}

int
format_1_content(const json_t *content, struct order *order)
{
    int status, commit_sent, own_credentials;
    json_int_t attempts, placed, updated, next, seq, length, queued, since = 0, trusted = 0;

    *order = (struct order){.seq = 0};
    if (take_texts(content, order) ||
        json_unpack((json_t *)content, "{s:i s:I s:I s:I s:I s:I s:I s:b s:b s:I s?I s?I}",
                    "status", &status, "attempts", &attempts, "placed_ms", &placed, "updated_ms",
                    &updated, "next_attempt_ms", &next, "seq", &seq, "history_length", &length,
                    "commit_sent", &commit_sent, "own_credentials", &own_credentials, "queued_ms",
                    &queued, "retry_since_run_ms", &since, "trusted_ms", &trusted) ||
        status < ORDER_PLACED || status > ORDER_ERROR || !*order->uniqueid || attempts < 0 ||
        attempts > UINT32_MAX || length < 0 || length > UINT32_MAX || seq < 0 ||
        (uint64_t)seq > QUEUE_SEQ_MAX)
        return -1;
    order->status = (enum order_status)status;
    order->attempts = (uint32_t)attempts;
    order->placed_ms = placed;
    order->updated_ms = updated;
    order->next_attempt_ms = next;
    order->seq = (uint64_t)seq;
    order->history_length = (uint32_t)length;
    order->commit_sent = order->mapped = commit_sent; /* what was sent is what was ordered */
    order->own_credentials = own_credentials;
    order->queued_ms = queued;
    order->retry_since_ms = since;
    order->trusted_ms = trusted;
    return 0;
}

int
format_1_order(struct bytes key, struct bytes record, struct order *order)
{
    json_t *content = record_decode(key, record);
    int result = content ? format_1_content(content, order) : -1;

    json_decref(content);
    if (result == 0 &&
        (strlen(order->uniqueid) != key.size || memcmp(order->uniqueid, key.data, key.size) != 0))
        result = -1;
    return result;
}

int
format_1_line(struct bytes key, char uniqueid[ORDER_VALUE_MAX + 1], uint32_t *number)
{
    const unsigned char *data = key.data, *nul = memchr(data, '\0', key.size), *at;

    if (!nul || nul == data || nul - data > ORDER_VALUE_MAX ||
        key.size != (size_t)(nul - data) + 1 + 4)
        return -1;
    memcpy(uniqueid, data, (size_t)(nul - data) + 1);
    at = nul + 1;
    *number = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return 0;
}
