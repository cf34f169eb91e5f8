/* A block: two times and a number, then for each order its index in the block and the length of its
 * text, then the texts. A text is "uniqueid \2 worksheet \3 product \4": no value has such bytes.
 */
#include "worker/queue/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/queue/change.h"

#define HEAD_BYTES (8 + 8 + 2)
#define ENTRY_BYTES 3
#define END_UNIQUEID '\2'
#define END_WORKSHEET '\3'
#define END_PRODUCT '\4'
#define TEXT_MAX (3 * (ORDER_VALUE_MAX + 1))
#define BLOCK_MAX (HEAD_BYTES + QUEUE_BLOCK * (ENTRY_BYTES + TEXT_MAX))

uint64_t
queue_block_of(uint64_t seq)
{
    return seq - seq % QUEUE_BLOCK;
}

/* --- writing --- */

struct writing {
    struct queue_block block;
    unsigned char *entries, *texts;
};

static void
put_text(struct writing *w, struct bytes text, char end)
{
    memcpy(w->texts + w->block.texts_size, text.data, text.size);
    w->block.texts_size += text.size;
    w->texts[w->block.texts_size++] = (unsigned char)end;
}

static void
put_entry(struct writing *w, unsigned index, const struct record_brief *brief)
{
    unsigned char *entry = w->entries + (size_t)w->block.count++ * ENTRY_BYTES;
    size_t before = w->block.texts_size, length;

    put_text(w, brief->uniqueid, END_UNIQUEID);
    put_text(w, brief->worksheet, END_WORKSHEET);
    put_text(w, brief->product_nr, END_PRODUCT);
    length = w->block.texts_size - before;
    entry[0] = (unsigned char)index;
    entry[1] = (unsigned char)(length >> 8);
    entry[2] = (unsigned char)length;
    if (brief->placed_ms < w->block.first_ms)
        w->block.first_ms = brief->placed_ms;
    if (brief->placed_ms > w->block.last_ms)
        w->block.last_ms = brief->placed_ms;
}

static void
put_block(struct store_txn *txn, uint64_t first, struct writing *w, unsigned char *value)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    size_t entries = (size_t)w->block.count * ENTRY_BYTES;

    store_put_u64(value, (uint64_t)w->block.first_ms);
    store_put_u64(value + 8, (uint64_t)w->block.last_ms);
    value[16] = (unsigned char)(w->block.count >> 8);
    value[17] = (unsigned char)w->block.count;
    memmove(value + HEAD_BYTES + entries, w->texts, w->block.texts_size);
    store_put(txn, STORE_BLOCKS, queue_key_seq(key, first),
              (struct bytes){value, HEAD_BYTES + entries + w->block.texts_size});
}

static bool
fits(const struct record_brief *brief)
{
    return brief->uniqueid.size <= ORDER_VALUE_MAX && brief->worksheet.size <= ORDER_VALUE_MAX &&
           brief->product_nr.size <= ORDER_VALUE_MAX;
}

void
queue_block_write(struct store_txn *txn, uint64_t first)
{
    unsigned char key[QUEUE_SEQ_BYTES], *value = mem_alloc(BLOCK_MAX);
    struct writing w = {.block = {.first_ms = INT64_MAX},
                        .entries = value + HEAD_BYTES,
                        .texts = value + HEAD_BYTES + (size_t)QUEUE_BLOCK * ENTRY_BYTES};
    struct store_cursor cursor;
    struct record_brief brief;
    bool found = store_seek(&cursor, txn, STORE_ORDERS, queue_key_seq(key, first));

    for (; found; found = store_next(&cursor)) {
        uint64_t seq = store_get_u64(cursor.key.data);

        if (seq >= first + QUEUE_BLOCK)
            break;
        if (record_brief(cursor.value, &brief) == 0 && fits(&brief))
            put_entry(&w, (unsigned)(seq - first), &brief);
        else if (!txn->error)
            txn->error = EBADMSG;
    }
    store_cursor_close(&cursor);
    if (w.block.count)
        put_block(txn, first, &w, value);
    free(value);
}

void
queue_block_forget(struct store_txn *txn, uint64_t seq)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    uint64_t first = queue_block_of(seq);
    struct store_cursor cursor;
    bool empty = !store_seek(&cursor, txn, STORE_ORDERS, queue_key_seq(key, first)) ||
                 store_get_u64(cursor.key.data) >= first + QUEUE_BLOCK;

    store_cursor_close(&cursor);
    if (empty)
        store_delete(txn, STORE_BLOCKS, queue_key_seq(key, first));
}

bool
queue_block_next(struct store_txn *txn, uint64_t last_seq, uint64_t *first)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    uint64_t block = store_seek(&cursor, txn, STORE_ORDERS, queue_key_seq(key, *first))
                         ? queue_block_of(store_get_u64(cursor.key.data))
                         : UINT64_MAX;

    store_cursor_close(&cursor);
    if (block >= queue_block_of(last_seq))
        return false;
    queue_block_write(txn, block);
    *first = block + QUEUE_BLOCK;
    return true;
}

/* --- reading --- */

int
queue_block_read(struct bytes value, struct queue_block *block)
{
    const unsigned char *data = value.data;
    size_t entries, texts = 0;

    if (value.size < HEAD_BYTES)
        return -1;
    block->first_ms = (int64_t)store_get_u64(data);
    block->last_ms = (int64_t)store_get_u64(data + 8);
    block->count = (unsigned)data[16] << 8 | data[17];
    entries = block->count * (size_t)ENTRY_BYTES;
    if (block->count > QUEUE_BLOCK || value.size < HEAD_BYTES + entries)
        return -1;
    block->entries = data + HEAD_BYTES;
    block->texts = block->entries + entries;
    block->texts_size = value.size - HEAD_BYTES - entries;
    for (unsigned i = 0; i < block->count; i++)
        texts +=
            (size_t)block->entries[i * ENTRY_BYTES + 1] << 8 | block->entries[i * ENTRY_BYTES + 2];
    return texts == block->texts_size ? 0 : -1;
}

#define NEEDLES 3

struct needle {
    char text[ORDER_VALUE_MAX + 3];
    size_t size;
};

static void
needle_set(struct needle *needle, char before, const char *text, char behind)
{
    size_t length = strlen(text);

    if (before)
        needle->text[needle->size++] = before;
    memcpy(needle->text + needle->size, text, length);
    needle->size += length;
    if (behind)
        needle->text[needle->size++] = behind;
}

/* The rarest first. */
static size_t
needles_make(const struct queue_needles *wanted, struct needle needles[NEEDLES])
{
    size_t count = 0;

    memset(needles, 0, NEEDLES * sizeof *needles);
    if (wanted->worksheet)
        needle_set(&needles[count++], END_UNIQUEID, wanted->worksheet, END_WORKSHEET);
    if (wanted->part)
        needle_set(&needles[count++], '\0', wanted->part, '\0');
    if (wanted->product_nr)
        needle_set(&needles[count++], END_WORKSHEET, wanted->product_nr, END_PRODUCT);
    return count;
}

static bool
has_all(const unsigned char *text, size_t length, const struct needle *needles, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!memmem(text, length, needles[i].text, needles[i].size))
            return false;
    return true;
}

void
queue_block_find(const struct queue_block *block, const struct queue_needles *wanted,
                 bool hits[QUEUE_BLOCK])
{
    struct needle needles[NEEDLES];
    size_t count = needles_make(wanted, needles);
    const unsigned char *text = block->texts, *end = block->texts + block->texts_size, *at = text;

    memset(hits, 0, QUEUE_BLOCK * sizeof *hits);
    for (unsigned i = 0; i < block->count && at; i++) {
        const unsigned char *entry = block->entries + (size_t)i * ENTRY_BYTES;
        size_t length = (size_t)entry[1] << 8 | entry[2];

        if (count && at <= text)
            at = memmem(text, (size_t)(end - text), needles[0].text, needles[0].size);
        if (!count || (at && at < text + length))
            hits[entry[0]] = !count || has_all(text, length, needles + 1, count - 1);
        text += length;
        if (count && at && at < text)
            at = text; /* looked for anew from there */
    }
}
