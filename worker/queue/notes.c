/* Records in JSON: lines of history, and the queue's own notes. */
#include <stdlib.h>

#include "worker/queue/change.h"

static void
record_put(struct queue_txn *t, enum store_table table, struct bytes key, json_t *content)
{
    struct bytes record = record_encode(key, content);

    store_put(&t->txn, table, key, record);
    free((void *)record.data);
    json_decref(content);
}

static void
set_text(json_t *line, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(line, name, json_string(text));
}

/* Only what there is to say: each line is a part of what an order grows by. */
static json_t *
history_line(const struct order *now, const struct queue_remark *remark)
{
    json_t *line = json_pack("{s:I s:s s:I}", "at", (json_int_t)now->updated_ms, "status",
                             order_status_name(now->status), "attempt", (json_int_t)now->attempts);

    set_text(line, "reason_code", now->reason_code);
    set_text(line, "reason_text", now->reason_text);
    set_text(line, "erp_reference", now->erp_reference);
    set_text(line, "note", remark->note);
    if (remark->duration_ms >= 0)
        json_object_set_new(line, "duration_ms", json_integer(remark->duration_ms));
    if (remark->changes)
        json_object_set(line, "changes", remark->changes);
    if (remark->evidence)
        json_object_set(line, "evidence", (json_t *)remark->evidence);
    return line;
}

json_t *
queue_line_shown(const json_t *line)
{
    static const char *const names[] = {"at",          "status",      "attempt",
                                        "reason_code", "reason_text", "erp_reference",
                                        "note",        "duration_ms", "changes"};
    json_t *shown = json_object(), *evidence = json_object_get(line, "evidence");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(line, names[i]);

        json_object_set_new(shown, names[i], value ? json_incref(value) : json_null());
    }
    if (evidence)
        json_object_set(shown, "evidence", evidence);
    return shown;
}

json_t *
queue_first_line(const struct order *order)
{
    return json_pack("{s:I s:s s:i}", "at", (json_int_t)order->placed_ms, "status",
                     order_status_name(ORDER_PLACED), "attempt", 0);
}

void
queue_line_put(struct queue_txn *t, struct order *now, const struct queue_remark *remark)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];

    record_put(t, STORE_HISTORY, queue_key_history(key, now->born, now->history_length++),
               history_line(now, remark));
}

void
queue_meta_put(struct queue_txn *t, const char *name, const json_t *note)
{
    if (note)
        record_put(t, STORE_META, queue_key_text(name), json_incref((json_t *)note));
    else
        store_delete(&t->txn, STORE_META, queue_key_text(name));
}

json_t *
queue_meta_get(struct store_txn *txn, const char *name)
{
    struct bytes record;

    return store_get(txn, STORE_META, queue_key_text(name), &record)
               ? record_decode(queue_key_text(name), record)
               : NULL;
}
