/* Replaces the master key, in small steps that may be interrupted anywhere.
 *
 * KEY_FILE.next is created first: from then on both keys are in use, and new values are sealed with
 * the new one. Each file in workshops.d is rewritten, each running child restarted and each queue
 * at rest opened by a maintenance process, so that everything is resealed. When all have reported
 * success, the new key replaces KEY_FILE and the old one is dropped. Until then the rekey can be
 * requested again, and a restarted daemon continues it by itself, with the same new key.
 *
 * Backups and damaged files of a queue stay as they are: they open with the key of their time. */
#ifndef SUPERVISOR_CONTROL_REKEY_H
#define SUPERVISOR_CONTROL_REKEY_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

struct rekey;

/* Continues a rekey that an earlier daemon has started, once the loop runs. */
struct rekey *rekey_new(struct daemon *daemon);
void rekey_free(struct rekey *rekey); /* each open call: 503 */

/* Takes over the call; answered when everything is done or has failed. */
void rekey_begin(struct rekey *rekey, struct call *call);

/* The child has changed. */
void rekey_changed(struct rekey *rekey, const struct child *child);

#endif
