/* Another master key, in small steps that may be cut off anywhere.
 *
 * KEY_FILE.next is made first: from then on both keys are in play, and what is sealed is sealed
 * with the new one. Each file in workshops.d is replaced, each running child restarted and each
 * queue at rest opened by a process for maintenance, so that everything is sealed anew. When all
 * have said so, the new key takes KEY_FILE's place and the old one is forgotten. Until then it can
 * be asked for again, and a daemon that is started goes on by itself, with the same new key.
 *
 * Backups and damaged files of a queue stay as they are: they open with the key of their time. */
#ifndef SUPERVISOR_CONTROL_REKEY_H
#define SUPERVISOR_CONTROL_REKEY_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

struct rekey;

/* Goes on with what another daemon has begun, once the loop runs. */
struct rekey *rekey_new(struct daemon *daemon);
void rekey_free(struct rekey *rekey); /* each open call: 503 */

/* Takes over the call; answered when all is done or has failed. */
void rekey_begin(struct rekey *rekey, struct call *call);

/* The child is another one now. */
void rekey_changed(struct rekey *rekey, const struct child *child);

#endif
