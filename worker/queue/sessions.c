/* What sessions have open outside this process, for a later one to close. */
#include <string.h>

#include "common/base/log.h"
#include "worker/queue/change.h"

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
