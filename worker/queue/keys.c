/* Sealing, sealing anew, and the hashes of refused credentials. */
#include "worker/queue/keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"

#define RESEAL_AT_ONCE 200 /* orders in one transaction */
#define REFUSED "refused "
#define REFUSED_BYTES (sizeof REFUSED - 1 + SECRET_HASH_TEXT_BYTES)
#define HASH_KEY_CONTEXT "\nhash_key" /* no uniqueid is so */

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
queue_reseal(const struct queue_keys *keys, const char *uniqueid, struct bytes sealed)
{
    unsigned char *plain = secret_alloc(sealed.size + 1);
    const unsigned char *with =
        sealed.size > SECRET_OVERHEAD_BYTES ? open_sealed(keys, uniqueid, sealed, plain) : NULL;
    struct bytes result = {NULL, 0};

    if (with == keys->key && with)
        result = copy_of(sealed);
    else if (with)
        result = seal(keys, uniqueid, plain, sealed.size - SECRET_OVERHEAD_BYTES);
    secret_free(plain);
    return result;
}

/* --- the orders' own credentials --- */

struct bytes
queue_seal(const struct queue_keys *keys, const struct order *order,
           const struct credentials *credentials, unsigned char buffer[RECORD_SEALED_MAX])
{
    size_t username, length;
    unsigned char *plain;

    if (!credentials || !credentials->username)
        return (struct bytes){NULL, 0};
    username = strlen(credentials->username) + 1;
    length = username + strlen(credentials->password);
    if (length + SECRET_OVERHEAD_BYTES > RECORD_SEALED_MAX)
        die_abort("cannot seal credentials: they are too long");
    plain = secret_alloc(length);
    memcpy(plain, credentials->username, username);
    memcpy(plain + username, credentials->password, length - username);
    secret_seal(keys->key, order->uniqueid, plain, length, buffer);
    secret_free(plain);
    return (struct bytes){buffer, length + SECRET_OVERHEAD_BYTES};
}

int
queue_unseal(const struct queue_keys *keys, const struct order *order, struct bytes sealed,
             struct credentials *credentials)
{
    char *plain;
    int result = -1;

    *credentials = (struct credentials){NULL, NULL};
    if (!order->own_credentials)
        return 0;
    if (sealed.size <= SECRET_OVERHEAD_BYTES)
        return -1;
    plain = secret_alloc(sealed.size + 1);
    if (open_sealed(keys, order->uniqueid, sealed, plain)) {
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
    uint64_t seq; /* the last one that was looked at */
    unsigned done, unreadable;
};

static void
reseal_one(struct reseal *r, struct order *order, struct bytes sealed)
{
    struct bytes anew = queue_reseal(&r->t.queue->keys, order->uniqueid, sealed);

    r->done += anew.data != NULL;
    r->unreadable += !anew.data;
    if (anew.data && memcmp(anew.data, sealed.data, sealed.size))
        queue_store_sealed(&r->t, order, order, &anew);
    free((void *)anew.data);
}

/* The order behind the last one; false: there is none. */
static bool
reseal_next(struct reseal *r)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct bytes sealed = {NULL, 0};
    struct store_cursor cursor;
    struct order order;
    bool found = store_seek(&cursor, &r->t.txn, STORE_ORDERS, queue_key_seq(key, r->seq + 1)) &&
                 queue_read_seq(&r->t.txn, store_get_u64(cursor.key.data), &order, &sealed);

    store_cursor_close(&cursor);
    if (!found)
        return false;
    r->seq = order.seq;
    if (order.own_credentials)
        reseal_one(r, &order, sealed);
    return true;
}

static int
reseal_credentials(struct queue *queue, struct err *err)
{
    struct reseal r = {.seq = 0};
    bool more = true;

    while (more) {
        queue_begin(queue, &r.t);
        for (unsigned i = 0; more && i < RESEAL_AT_ONCE; i++)
            more = reseal_next(&r);
        failpoint_here("queue.reseal");
        if (queue_commit(&r.t, err))
            return -1;
    }
    log_info("sealed the credentials of %u order%s with the new key", r.done, plural(r.done));
    if (r.unreadable)
        log_error("cannot open the credentials of %u order%s: sealed with another key; put the "
                  "previous master key back at key_file",
                  r.unreadable, plural(r.unreadable));
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
    if (store_get(&txn, STORE_META, queue_key_text(QUEUE_META_HASH_KEY), &sealed) &&
        sealed.size == sizeof plain)
        with = open_sealed(&queue->keys, HASH_KEY_CONTEXT, sealed, plain);
    if (with)
        memcpy(queue->hash_key, plain, SECRET_KEY_BYTES);
    else if (sealed.data)
        log_error("the queue was sealed with another key: the credentials of some orders may be "
                  "unreadable; put the previous master key back at key_file");
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
    store_put(&t.txn, STORE_META, queue_key_text(QUEUE_META_HASH_KEY), sealed);
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
    if (queue->keys.old && (reseal_credentials(queue, err) || queue_reseal_memory(queue, err)))
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
