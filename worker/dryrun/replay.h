/* `pumplinectl recipe test`: recorded exchanges in the place of an ERP (erp-drivers/http/replay.h).
 */
#ifndef WORKER_DRYRUN_REPLAY_H
#define WORKER_DRYRUN_REPLAY_H

/* names: of a recipe's file, and of its dialogues; NULL at the end. Says how each went, and returns
 * an exit status. */
int replay_files(char *const *names);

#endif
