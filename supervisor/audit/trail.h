/* The audit trail: who changed what, and with which result. One line of JSON for each change,
 * appended to STATE_DIR/audit.jsonl.
 *
 * Owns the file: its lines, its sizes, its way to the disk. A line is written at once, so it
 * outlives the daemon; a helper process syncs it within TRAIL_SYNC_MS, as the loop must not wait
 * for a disk. A full file is renamed to audit.jsonl.1, that one to audit.jsonl.2, and so on, like
 * logrotate does; trail_reopen follows if another program renames it. Callers never pass a secret.
 */
#ifndef SUPERVISOR_AUDIT_TRAIL_H
#define SUPERVISOR_AUDIT_TRAIL_H

#include <event2/event.h>
#include <jansson.h>

#include "common/http/call.h"

#define TRAIL_FILE_BYTES (16 << 20)
#define TRAIL_FILES 32 /* the oldest is deleted: about two million changes are kept */
#define TRAIL_LINE_MAX 8192
#define TRAIL_SYNC_MS 1000

struct trail;

/* The file belongs to the daemon and is readable for the group (empty: none). A file that cannot be
 * opened is tried again with each line: the audit never keeps a workshop from being controlled. */
struct trail *trail_open(struct event_base *base, const char *state_dir, const char *group,
                         off_t file_bytes);
void trail_close(struct trail *trail);

/* Appends the entry, which it takes over, with its "id", which grows with each line, and "at". */
void trail_add(struct trail *trail, json_t *entry);

/* After a rotation by another program. */
void trail_reopen(struct trail *trail);

/* Answers GET /audit: the newest entries first, read by a helper process. Takes over the call. */
void trail_search(struct trail *trail, struct call *call);

#endif
