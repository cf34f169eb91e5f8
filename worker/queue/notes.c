/* Records in JSON: lines of history, and the queue's own notes. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "worker/queue/change.h"

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
    if (remark->by && *remark->by->via)
        json_object_set_new(line, "by", author_json(remark->by));
    if (remark->evidence)
        json_object_set(line, "evidence", (json_t *)remark->evidence);
    return line;
}

json_t *
queue_line_shown(const json_t *line)
{
    static const char *const names[] = {
        "at",   "status",      "attempt", "reason_code", "reason_text", "erp_reference",
        "note", "duration_ms", "changes", "by"};
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
    json_t *line = json_pack("{s:I s:s s:i}", "at", (json_int_t)order->placed_ms, "status",
                             order_status_name(ORDER_PLACED), "attempt", 0);
    struct author by;

    author_unpack(order->placed_by, &by);
    if (*by.via)
        json_object_set_new(line, "by", author_json(&by));
    return line;
}

void
queue_line_put(struct queue_txn *t, struct order *now, const struct queue_remark *remark)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];

    queue_record_put(t, STORE_HISTORY, queue_key_history(key, now->born, now->history_length++),
                     history_line(now, remark));
}

/* --- what sessions have open outside this process, for a later one to close --- */

json_t *
queue_session_notes(struct queue *queue)
{
    struct store_txn txn;
    json_t *notes;
    struct err err;

    store_begin(queue->store, &txn, false);
    notes = queue_meta_get(&txn, QUEUE_META_SESSIONS);
    if (store_end(&txn, &err))
        log_warning("cannot read which ERP sessions an earlier process left open: %s", err.text);
    return notes;
}

static void
remove_note(json_t *notes, const char *text)
{
    json_t *note;
    size_t i;

    json_array_foreach(notes, i, note)
    {
        if (strcmp(json_string_value(note), text))
            continue;
        json_array_remove(notes, i);
        return;
    }
}

int
queue_note_session(struct queue *queue, const char *was, const char *now, struct err *err)
{
    struct queue_txn t;
    json_t *notes;

    queue_begin(queue, &t);
    notes = queue_meta_get(&t.txn, QUEUE_META_SESSIONS);
    if (!notes)
        notes = json_array();
    if (was)
        remove_note(notes, was);
    if (now)
        json_array_append_new(notes, json_string(now));
    while (json_array_size(notes) > QUEUE_SESSION_NOTES_MAX)
        json_array_remove(notes, 0);
    queue_meta_put(&t, QUEUE_META_SESSIONS, json_array_size(notes) ? notes : NULL);
    json_decref(notes);
    return queue_commit(&t, err);
}
