/* The file of accounts as it is now: read again whenever pumplinectl has changed it. */
#ifndef SUPERVISOR_CONSOLE_PEOPLE_PEOPLE_H
#define SUPERVISOR_CONSOLE_PEOPLE_PEOPLE_H

#include "common/people/accounts.h"

struct people;

struct people *people_open(const char *path);
void people_close(struct people *people);

/* Borrowed until the next call. While the file cannot be read, there are no accounts. */
const json_t *people_accounts(struct people *people);

/* Without waiting; see accounts_change. */
int people_change(struct people *people,
                  int (*change)(json_t *accounts, void *arg, struct err *err), void *arg,
                  struct err *err);

#endif
