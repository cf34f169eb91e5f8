/* Sealing, sealing anew, and the hashes of refused credentials. */
#include "worker/queue/keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"

#define RESEAL_AT_ONCE 200 /* values in one transaction */
#define REFUSED "refused "
#define REFUSED_BYTES (sizeof REFUSED - 1 + SECRET_HASH_TEXT_BYTES)
#define HASH_KEY "hash_key"
#define HASH_KEY_CONTEXT "\nhash_key" /* no uniqueid is so */

static char *
context_of(struct bytes key)
{
    return mem_format("%.*s", (int)key.size, (const char *)key.data);
}

/* Tries the new key, then the old one. plain has room for sealed.size. NULL: neither opens it. */
static const unsigned char *
open_sealed(const struct queue_keys *keys, const char *context, struct bytes sealed, void *plain)
{
    if (secret_open(keys->key, context, sealed.data, sealed.size, plain) == 0)
        return keys->key;
    if (keys->old && secret_open(keys->old, context, sealed.data, sealed.size, plain) == 0)
        return keys->old;
    return NULL;
}

static struct bytes
copy_of(struct bytes bytes)
{
    return (struct bytes){memcpy(mem_alloc(bytes.size), bytes.data, bytes.size), bytes.size};
}

static struct bytes
seal(const struct queue_keys *keys, const char *context, const void *plain, size_t length)
{
    struct bytes sealed = {mem_alloc(length + SECRET_OVERHEAD_BYTES),
                           length + SECRET_OVERHEAD_BYTES};

    secret_seal(keys->key, context, plain, length, (unsigned char *)sealed.data);
    return sealed;
}

struct bytes
queue_reseal(const struct queue_keys *keys, struct bytes key, struct bytes sealed)
{
    unsigned char *plain = secret_alloc(sealed.size + 1);
    char *context = context_of(key);
    const unsigned char *with = open_sealed(keys, context, sealed, plain);
    struct bytes result = {NULL, 0};

    if (with == keys->key)
        result = copy_of(sealed);
    else if (with)
        result = seal(keys, context, plain, sealed.size - SECRET_OVERHEAD_BYTES);
    free(context);
    secret_free(plain);
    return result;
}

/* --- the orders' own credentials --- */

void
queue_credentials_put(struct queue_txn *t, const struct order *order,
                      const struct credentials *credentials)
{
    size_t username = strlen(credentials->username) + 1,
           length = username + strlen(credentials->password);
    unsigned char *plain = secret_alloc(length);
    struct bytes sealed;

    memcpy(plain, credentials->username, username);
    memcpy(plain + username, credentials->password, length - username);
    sealed = seal(&t->queue->keys, order->uniqueid, plain, length);
    store_put(&t->txn, STORE_CREDENTIALS, queue_key_text(order->uniqueid), sealed);
    free((void *)sealed.data);
    secret_free(plain);
}

int
queue_credentials_get(struct queue_txn *t, const struct order *order,
                      struct credentials *credentials)
{
    struct bytes sealed;
    char *plain;
    int result = -1;

    *credentials = (struct credentials){NULL, NULL};
    if (!order->own_credentials)
        return 0;
    if (!store_get(&t->txn, STORE_CREDENTIALS, queue_key_text(order->uniqueid), &sealed))
        return -1;
    plain = secret_alloc(sealed.size + 1);
    if (open_sealed(&t->queue->keys, order->uniqueid, sealed, plain)) {
        plain[sealed.size - SECRET_OVERHEAD_BYTES] = '\0';
        credentials->username = secret_string(plain);
        credentials->password = secret_string(plain + strlen(plain) + 1);
        result = 0;
    }
    secret_free(plain);
    return result;
}

/* --- sealing anew --- */

struct reseal {
    struct queue_txn t;
    char from[ORDER_VALUE_MAX + 2]; /* where to go on, and its length */
    size_t from_size;
    unsigned done, unreadable;
};

/* One entry, at `from` or behind it; false: there is none. */
static bool
reseal_next(struct reseal *r)
{
    struct bytes from = {r->from, r->from_size}, sealed = {NULL, 0};
    struct store_cursor cursor;
    bool found = store_seek(&cursor, &r->t.txn, STORE_CREDENTIALS, from) &&
                 cursor.key.size <= ORDER_VALUE_MAX,
         changed = false;

    if (found) {
        memcpy(r->from, cursor.key.data, cursor.key.size);
        r->from[cursor.key.size] = '\0'; /* what is right behind it */
        r->from_size = cursor.key.size + 1;
        sealed = queue_reseal(&r->t.queue->keys, cursor.key, cursor.value);
        changed = sealed.data && memcmp(sealed.data, cursor.value.data, sealed.size);
    }
    store_cursor_close(&cursor);
    if (changed)
        store_put(&r->t.txn, STORE_CREDENTIALS, (struct bytes){r->from, r->from_size - 1}, sealed);
    r->done += sealed.data != NULL;
    r->unreadable += found && !sealed.data;
    free((void *)sealed.data);
    return found;
}

static int
reseal_credentials(struct queue *queue, struct err *err)
{
    struct reseal r = {.from = "", .from_size = 1};
    bool more = true;

    while (more) {
        queue_begin(queue, &r.t);
        for (unsigned i = 0; more && i < RESEAL_AT_ONCE; i++)
            more = reseal_next(&r);
        failpoint_here("queue.reseal");
        if (queue_commit(&r.t, err))
            return -1;
    }
    log_info("sealed the credentials of %u orders with the new key", r.done);
    if (r.unreadable)
        log_error("cannot open the credentials of %u orders: they are sealed with an unknown key",
                  r.unreadable);
    return 0;
}

/* --- the key of the hashes --- */

/* Random, of the queue's own, and itself sealed: so hashes outlive the workshop's key. It is sealed
 * anew when all else is, so which key opens it tells how far a rekey has come. */
static const unsigned char *
read_hash_key(struct queue *queue)
{
    unsigned char plain[SECRET_KEY_BYTES + SECRET_OVERHEAD_BYTES];
    const unsigned char *with = NULL;
    struct bytes sealed = {NULL, 0};
    struct store_txn txn;
    struct err err;

    store_begin(queue->store, &txn, false);
    if (store_get(&txn, STORE_META, queue_key_text(HASH_KEY), &sealed) &&
        sealed.size == sizeof plain)
        with = open_sealed(&queue->keys, HASH_KEY_CONTEXT, sealed, plain);
    if (with)
        memcpy(queue->hash_key, plain, SECRET_KEY_BYTES);
    else if (sealed.data)
        log_error("the queue was sealed with another key: the credentials of some orders may be "
                  "unreadable");
    secret_wipe(plain, sizeof plain);
    return store_end(&txn, &err) ? NULL : with;
}

static int
write_hash_key(struct queue *queue, struct err *err)
{
    struct bytes sealed = seal(&queue->keys, HASH_KEY_CONTEXT, queue->hash_key, SECRET_KEY_BYTES);
    struct queue_txn t;
    int result;

    queue_begin(queue, &t);
    store_put(&t.txn, STORE_META, queue_key_text(HASH_KEY), sealed);
    failpoint_here("queue.resealed");
    result = queue_commit(&t, err);
    free((void *)sealed.data);
    return result;
}

int
queue_keys_open(struct queue *queue, struct err *err)
{
    const unsigned char *with;

    queue->hash_key = secret_alloc(SECRET_KEY_BYTES);
    secret_random(queue->hash_key, SECRET_KEY_BYTES);
    with = read_hash_key(queue);
    if (with == queue->keys.key)
        return 0;
    if (queue->keys.old && reseal_credentials(queue, err))
        return -1;
    return write_hash_key(queue, err);
}

/* --- refused credentials --- */

static void
refused_name(const struct queue *queue, const struct credentials *credentials,
             char name[REFUSED_BYTES])
{
    memcpy(name, REFUSED, sizeof REFUSED - 1);
    secret_credentials_hash(queue->hash_key, credentials->username, credentials->password,
                            name + sizeof REFUSED - 1);
}

int64_t
queue_refused_ms(struct queue *queue, const struct credentials *credentials)
{
    char name[REFUSED_BYTES];
    struct store_txn txn;
    int64_t at_ms;
    json_t *note;
    struct err err;

    refused_name(queue, credentials, name);
    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, name);
    at_ms = json_integer_value(json_object_get(note, "at"));
    json_decref(note);
    return store_end(&txn, &err) ? 0 : at_ms;
}

void
queue_set_refused(struct queue *queue, const struct credentials *credentials, int64_t at_ms)
{
    json_t *note = at_ms ? json_pack("{s:I}", "at", (json_int_t)at_ms) : NULL;
    char name[REFUSED_BYTES];
    struct queue_txn t;
    struct err err;

    refused_name(queue, credentials, name);
    queue_begin(queue, &t);
    queue_meta_put(&t, name, note);
    queue_time_put(&t); /* a process after this one goes on from there */
    if (queue_commit(&t, &err))
        log_warning("cannot record refused credentials: %s", err.text);
    json_decref(note);
}
