/* The one thread of ours besides the loop. It runs one piece of work at a time, so that the disk
 * does not keep the loop waiting. */
#ifndef WORKER_STORE_HELPER_H
#define WORKER_STORE_HELPER_H

#include <stdbool.h>

struct helper;

/* The thread is made by the first helper_start, so an idle process has none. */
struct helper *helper_new(void);

/* Waits for work that is under way. NULL: nothing. */
void helper_free(struct helper *helper);

/* Has the thread call work(arg). Until helper_wait returns, nobody else may use what work uses, and
 * nothing else may be started. False: there is no thread for it, and nothing happens. */
bool helper_start(struct helper *helper, void (*work)(void *arg), void *arg);

/* Returns once nothing is under way. */
void helper_wait(struct helper *helper);

/* The same within some milliseconds. False: it is still under way, and helper_fd will tell. */
bool helper_wait_ms(struct helper *helper, unsigned ms);

/* Readable from the end of work for which helper_wait_ms was too short until helper_heard; -1: no
 * work was started yet. */
int helper_fd(const struct helper *helper);
void helper_heard(struct helper *helper);

#endif
