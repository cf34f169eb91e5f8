/* Records on disk. */
#include "worker/queue/record.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define CHECKSUM_BYTES crypto_shorthash_BYTES
#define HEAD_BYTES (1 + CHECKSUM_BYTES)
#define SEQ_MAX (1LL << 61) /* so that there are numbers behind it */

struct bytes
queue_key_text(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

struct bytes
queue_key_status(unsigned char key[9], unsigned status, uint64_t seq)
{
    key[0] = (unsigned char)status;
    store_put_u64(key + 1, seq);
    return (struct bytes){key, 9};
}

struct bytes
queue_key_history(unsigned char key[QUEUE_HISTORY_KEY_BYTES], const char *uniqueid, uint32_t number)
{
    size_t length = strlen(uniqueid) + 1;

    memcpy(key, uniqueid, length);
    for (int i = 3; i >= 0; i--, number >>= 8)
        key[length + (size_t)i] = (unsigned char)number;
    return (struct bytes){key, length + 4};
}

/* Against accidents, not against people: whoever can write the file can delete it too. */
static void
checksum(struct bytes key, const char *content, size_t length, unsigned char sum[CHECKSUM_BYTES])
{
    static const unsigned char none[crypto_shorthash_KEYBYTES];
    unsigned char of_key[crypto_shorthash_KEYBYTES] = {0};

    crypto_shorthash(of_key, key.data, key.size, none);
    crypto_shorthash(sum, (const unsigned char *)content, length, of_key);
}

struct bytes
record_encode(struct bytes key, const json_t *content)
{
    size_t size = 1024, length;
    unsigned char *record = mem_alloc(HEAD_BYTES + size);

    if (!content)
        die_abort("cannot write a record as JSON: its text was not cleaned");
    /* Nearly every record fits at once; it is written twice only if not. */
    length = json_dumpb(content, (char *)record + HEAD_BYTES, size, JSON_COMPACT);
    if (length > size) {
        record = mem_resize(record, HEAD_BYTES + length);
        json_dumpb(content, (char *)record + HEAD_BYTES, length, JSON_COMPACT);
    }
    record[0] = VERSION;
    checksum(key, (char *)record + HEAD_BYTES, length, record + 1);
    return (struct bytes){record, HEAD_BYTES + length};
}

json_t *
record_decode(struct bytes key, struct bytes record)
{
    const unsigned char *data = record.data;
    unsigned char sum[CHECKSUM_BYTES];

    if (record.size < HEAD_BYTES || data[0] != VERSION)
        return NULL;
    checksum(key, (const char *)data + HEAD_BYTES, record.size - HEAD_BYTES, sum);
    if (memcmp(sum, data + 1, sizeof sum))
        return NULL;
    return json_loadb((const char *)data + HEAD_BYTES, record.size - HEAD_BYTES, 0, NULL);
}

json_t *
record_from_order(const struct order *order)
{
    return json_pack(
        "{s:s s:s s:s s:s s:i s:s s:s s:s s:I s:I s:I s:I s:I s:I s:b s:b s:I s:I s:i s:I}",
        "uniqueid", order->uniqueid, "worksheet", order->worksheet, "product_nr", order->product_nr,
        "product_amount", order->product_amount, "status", (int)order->status, "reason_code",
        order->reason_code, "reason_text", order->reason_text, "erp_reference",
        order->erp_reference, "attempts", (json_int_t)order->attempts, "placed_ms",
        (json_int_t)order->placed_ms, "updated_ms", (json_int_t)order->updated_ms,
        "next_attempt_ms", (json_int_t)order->next_attempt_ms, "seq", (json_int_t)order->seq,
        "history_length", (json_int_t)order->history_length, "commit_sent", order->commit_sent,
        "own_credentials", order->own_credentials, "queued_ms", (json_int_t)order->queued_ms,
        "retry_since_run_ms", (json_int_t)order->retry_since_ms, "retry_since_ms",
        0 /* earlier versions want it: wall clock */, "trusted_ms", (json_int_t)order->trusted_ms);
}

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
record_to_order(const json_t *content, struct order *order)
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
        attempts > UINT32_MAX || length < 0 || length > UINT32_MAX || seq < 0 || seq > SEQ_MAX)
        return -1;
    order->status = (enum order_status)status;
    order->attempts = (uint32_t)attempts;
    order->placed_ms = placed;
    order->updated_ms = updated;
    order->next_attempt_ms = next;
    order->seq = (uint64_t)seq;
    order->history_length = (uint32_t)length;
    order->commit_sent = commit_sent;
    order->own_credentials = own_credentials;
    order->queued_ms = queued;
    order->retry_since_ms = since;
    order->trusted_ms = trusted;
    return 0;
}
