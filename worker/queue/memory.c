/* What sessions with the ERP must know after a restart: sealed, one note for each pair of
 * credentials. */
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "worker/queue/change.h"
#include "worker/queue/keys.h"

#define CONTEXT "\nmemory" /* no uniqueid is so */
#define MEMORY_BYTES (sizeof QUEUE_META_MEMORY - 1 + SECRET_HASH_TEXT_BYTES)

static void
memory_name(const struct queue *queue, const struct credentials *credentials,
            char name[MEMORY_BYTES])
{
    memcpy(name, QUEUE_META_MEMORY, sizeof QUEUE_META_MEMORY - 1);
    secret_credentials_hash(queue->hash_key, credentials->username, credentials->password,
                            name + sizeof QUEUE_META_MEMORY - 1);
}

static char *
open_note(const struct queue *queue, const json_t *note)
{
    const char *sealed = json_string_value(json_object_get(note, "sealed"));
    char *plain = sealed ? secret_open_text(queue->keys.key, CONTEXT, sealed) : NULL;

    if (sealed && !plain && queue->keys.old)
        plain = secret_open_text(queue->keys.old, CONTEXT, sealed);
    return plain;
}

char *
queue_memory(struct queue *queue, const struct credentials *credentials)
{
    char name[MEMORY_BYTES], *plain;
    struct store_txn txn;
    json_t *note;
    struct err err;

    memory_name(queue, credentials, name);
    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, name);
    if (store_end(&txn, &err))
        log_error("cannot read what an ERP session must remember: %s", err.text);
    plain = open_note(queue, note);
    if (note && !plain)
        log_error("cannot open what an ERP session must remember: it is sealed with another key");
    json_decref(note);
    return plain;
}

static json_t *
seal_note(const struct queue *queue, const char *plain)
{
    char *sealed = secret_seal_text(queue->keys.key, CONTEXT, plain);
    json_t *note = json_pack("{s:s}", "sealed", sealed);

    free(sealed);
    return note;
}

int
queue_set_memory(struct queue *queue, const struct credentials *credentials, const char *memory,
                 struct err *err)
{
    json_t *note = memory ? seal_note(queue, memory) : NULL;
    char name[MEMORY_BYTES];
    struct queue_txn t;

    memory_name(queue, credentials, name);
    queue_begin(queue, &t);
    queue_meta_put(&t, name, note);
    json_decref(note);
    failpoint_here("queue.memory");
    return queue_commit(&t, err);
}

/* --- sealing anew --- */

/* The names of all such notes. */
static json_t *
memory_names(struct queue_txn *t)
{
    const size_t length = sizeof QUEUE_META_MEMORY - 1;
    json_t *names = json_array();
    struct store_cursor cursor;

    for (bool more = store_seek(&cursor, &t->txn, STORE_META, queue_key_text(QUEUE_META_MEMORY));
         more && cursor.key.size > length &&
         memcmp(cursor.key.data, QUEUE_META_MEMORY, length) == 0;
         more = store_next(&cursor))
        json_array_append_new(names, json_stringn(cursor.key.data, cursor.key.size));
    store_cursor_close(&cursor);
    return names;
}

int
queue_reseal_memory(struct queue *queue, struct err *err)
{
    struct queue_txn t;
    json_t *names, *name, *note;
    char *plain;
    size_t i;

    queue_begin(queue, &t);
    names = memory_names(&t);
    json_array_foreach(names, i, name)
    {
        note = queue_meta_get(&t.txn, json_string_value(name));
        plain = open_note(queue, note);
        json_decref(note);
        note = plain ? seal_note(queue, plain) : NULL;
        if (note)
            queue_meta_put(&t, json_string_value(name), note);
        json_decref(note);
        secret_free(plain);
    }
    json_decref(names);
    return queue_commit(&t, err);
}
