/* Records on disk. */
#include "worker/queue/record.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_JSON 1
#define VERSION_ORDER_2 2 /* of format 2: without the last texts */
#define VERSION_ORDER 3
#define CHECKSUM_BYTES crypto_shorthash_BYTES
#define HEAD_BYTES (1 + CHECKSUM_BYTES)

struct bytes
queue_key_text(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

struct bytes
queue_key_seq(unsigned char key[QUEUE_SEQ_BYTES], uint64_t seq)
{
    store_put_u64(key, seq);
    return (struct bytes){key, QUEUE_SEQ_BYTES};
}

struct bytes
queue_key_history(unsigned char key[QUEUE_HISTORY_KEY_BYTES], uint64_t born, uint32_t number)
{
    store_put_u64(key, born);
    for (int i = 3; i >= 0; i--, number >>= 8)
        key[QUEUE_SEQ_BYTES + i] = (unsigned char)number;
    return (struct bytes){key, QUEUE_HISTORY_KEY_BYTES};
}

/* Against accidents, not against people: anyone who can write the file can delete it too. */
static void
checksum(struct bytes key, const unsigned char *content, size_t length,
         unsigned char sum[CHECKSUM_BYTES])
{
    static const unsigned char none[crypto_shorthash_KEYBYTES];
    unsigned char of_key[crypto_shorthash_KEYBYTES] = {0};

    crypto_shorthash(of_key, key.data, key.size, none);
    crypto_shorthash(sum, content, length, of_key);
}

static void
set_head(struct bytes key, unsigned char *record, size_t size, unsigned char version)
{
    record[0] = version;
    checksum(key, record + HEAD_BYTES, size - HEAD_BYTES, record + 1);
}

static bool
is_sound(struct bytes key, struct bytes record, unsigned char version)
{
    const unsigned char *data = record.data;
    unsigned char sum[CHECKSUM_BYTES];

    if (record.size < HEAD_BYTES || data[0] != version)
        return false;
    checksum(key, data + HEAD_BYTES, record.size - HEAD_BYTES, sum);
    return memcmp(sum, data + 1, sizeof sum) == 0;
}

/* --- an order --- */

/* Behind the head: status, flags, numbers of 8 bytes, texts with a length of 2 bytes each, and so
 * the sealed credentials. */
enum flag {
    COMMIT_SENT = 1,
    OWN_CREDENTIALS = 2,
    BY_HAND = 4,
    CONFIRM = 8,
    MAPPED = 16,
    HELD = 32,
    FLAGS = 63
};

#define MEMBER(member)                                                                             \
    {                                                                                              \
        offsetof(struct order, member), sizeof(((struct order *)0)->member)                        \
    }

struct member {
    size_t offset, size;
};

static const struct member numbers[] = {
    MEMBER(born),       MEMBER(placed_ms),       MEMBER(queued_ms),     MEMBER(updated_ms),
    MEMBER(trusted_ms), MEMBER(next_attempt_ms), MEMBER(retry_since_ms)};
#define PLACED_INDEX 1 /* of placed_ms in there */
static const struct member counts[] = {MEMBER(attempts), MEMBER(history_length)};
static const struct member texts[] = {
    MEMBER(uniqueid),    MEMBER(worksheet),   MEMBER(product_nr),    MEMBER(product_amount),
    MEMBER(reason_code), MEMBER(reason_text), MEMBER(erp_reference), MEMBER(erp_product),
    MEMBER(erp_amount),  MEMBER(written_off), MEMBER(placed_by)};
#define TEXTS_2 7 /* of these in VERSION_ORDER_2 */

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define COUNT_BYTES 4
#define LENGTH_BYTES 2
#define FIXED_BYTES (HEAD_BYTES + 2 + COUNT(numbers) * 8 + COUNT(counts) * COUNT_BYTES)

_Static_assert(FIXED_BYTES + COUNT(texts) * LENGTH_BYTES + 6ul * ORDER_VALUE_MAX + 32 +
                       ORDER_REASON_TEXT_MAX + ORDER_REFERENCE_MAX + ORDER_WRITE_OFF_MAX +
                       AUTHOR_TEXT_BYTES + LENGTH_BYTES + RECORD_SEALED_MAX <=
                   RECORD_ORDER_MAX,
               "the largest record has room");

static unsigned char *
put_number(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        to[i] = (unsigned char)value;
    return to + bytes;
}

static unsigned char *
put_bytes(unsigned char *to, const void *data, size_t length)
{
    to = put_number(to, length, LENGTH_BYTES);
    if (length)
        memcpy(to, data, length);
    return to + length;
}

struct bytes
record_encode_order(unsigned char buffer[RECORD_ORDER_MAX], const struct order *order,
                    struct bytes sealed)
{
    unsigned char key[QUEUE_SEQ_BYTES], *to = buffer + HEAD_BYTES;
    const char *from = (const char *)order;

    if (sealed.size > RECORD_SEALED_MAX)
        die_abort("cannot write a record: its credentials are too long");
    *to++ = (unsigned char)order->status;
    *to++ = (unsigned char)((order->commit_sent ? COMMIT_SENT : 0) |
                            (order->own_credentials ? OWN_CREDENTIALS : 0) |
                            (order->by_hand ? BY_HAND : 0) | (order->confirm ? CONFIRM : 0) |
                            (order->mapped ? MAPPED : 0) | (order->held ? HELD : 0));
    for (size_t i = 0; i < COUNT(numbers); i++)
        to = put_number(to, *(const uint64_t *)(const void *)(from + numbers[i].offset), 8);
    for (size_t i = 0; i < COUNT(counts); i++)
        to =
            put_number(to, *(const uint32_t *)(const void *)(from + counts[i].offset), COUNT_BYTES);
    for (size_t i = 0; i < COUNT(texts); i++)
        to = put_bytes(to, from + texts[i].offset, strlen(from + texts[i].offset));
    to = put_bytes(to, sealed.data, sealed.size);
    set_head(queue_key_seq(key, order->seq), buffer, (size_t)(to - buffer), VERSION_ORDER);
    return (struct bytes){buffer, (size_t)(to - buffer)};
}

static const unsigned char *
get_number(const unsigned char *from, uint64_t *value, size_t bytes)
{
    *value = 0;
    for (size_t i = 0; i < bytes; i++)
        *value = *value << 8 | from[i];
    return from + bytes;
}

/* NULL: it does not end where it should. */
static const unsigned char *
get_bytes(const unsigned char *from, const unsigned char *end, struct bytes *bytes)
{
    uint64_t length;

    if (!from || end - from < LENGTH_BYTES)
        return NULL;
    from = get_number(from, &length, LENGTH_BYTES);
    *bytes = (struct bytes){from, (size_t)length};
    return (size_t)(end - from) < length ? NULL : from + length;
}

static const unsigned char *
get_text(const unsigned char *from, const unsigned char *end, char *to, size_t size)
{
    struct bytes text;

    from = get_bytes(from, end, &text);
    if (!from || text.size >= size || memchr(text.data, '\0', text.size))
        return NULL;
    memcpy(to, text.data, text.size);
    to[text.size] = '\0';
    return from;
}

static const unsigned char *
get_fixed(const unsigned char *from, struct order *order)
{
    char *to = (char *)order;
    uint64_t value;

    order->status = (enum order_status)from[0];
    order->commit_sent = from[1] & COMMIT_SENT;
    order->own_credentials = from[1] & OWN_CREDENTIALS;
    order->by_hand = from[1] & BY_HAND;
    order->confirm = from[1] & CONFIRM;
    order->mapped = from[1] & MAPPED;
    order->held = from[1] & HELD;
    from += 2;
    for (size_t i = 0; i < COUNT(numbers); i++)
        from = get_number(from, (uint64_t *)(void *)(to + numbers[i].offset), 8);
    for (size_t i = 0; i < COUNT(counts); i++) {
        from = get_number(from, &value, COUNT_BYTES);
        *(uint32_t *)(void *)(to + counts[i].offset) = (uint32_t)value;
    }
    return from;
}

static bool
is_possible(const struct order *order, const unsigned char *record)
{
    return order->status >= ORDER_PLACED && order->status <= ORDER_ERROR &&
           !(record[HEAD_BYTES + 1] & ~FLAGS) && *order->uniqueid && order->seq &&
           order->seq <= QUEUE_SEQ_MAX && order->born && order->born <= QUEUE_SEQ_MAX;
}

int
record_decode_order(struct bytes key, struct bytes record, struct order *order,
                    struct bytes *sealed)
{
    const unsigned char *data = record.data, *end = data + record.size, *from;
    bool old = record.size && *data == VERSION_ORDER_2;
    struct bytes rest;

    if (key.size != QUEUE_SEQ_BYTES || record.size < FIXED_BYTES ||
        !is_sound(key, record, old ? VERSION_ORDER_2 : VERSION_ORDER))
        return -1;
    order->seq = store_get_u64(key.data);
    from = get_fixed(data + HEAD_BYTES, order);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (old && i >= TEXTS_2)
            *((char *)order + texts[i].offset) = '\0';
        else
            from = get_text(from, end, (char *)order + texts[i].offset, texts[i].size);
    if (old)
        order->mapped = order->commit_sent; /* what was sent is what was ordered */
    from = get_bytes(from, end, &rest);
    if (sealed)
        *sealed = rest;
    return from == end && rest.size <= RECORD_SEALED_MAX && is_possible(order, data) ? 0 : -1;
}

int
record_brief(struct bytes record, struct record_brief *brief)
{
    const unsigned char *data = record.data, *end = data + record.size, *from = data + FIXED_BYTES;
    uint64_t placed;

    if (record.size < FIXED_BYTES)
        return -1;
    get_number(data + HEAD_BYTES + 2 + (size_t)PLACED_INDEX * 8, &placed, 8);
    brief->placed_ms = (int64_t)placed;
    from = get_bytes(from, end, &brief->uniqueid);
    from = get_bytes(from, end, &brief->worksheet);
    return get_bytes(from, end, &brief->product_nr) ? 0 : -1;
}

/* --- history and notes --- */

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
    set_head(key, record, HEAD_BYTES + length, VERSION_JSON);
    return (struct bytes){record, HEAD_BYTES + length};
}

json_t *
record_decode(struct bytes key, struct bytes record)
{
    return is_sound(key, record, VERSION_JSON) ? json_loadb((const char *)record.data + HEAD_BYTES,
                                                            record.size - HEAD_BYTES, 0, NULL)
                                               : NULL;
}
