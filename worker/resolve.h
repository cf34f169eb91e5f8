/* The program that resolves a name: pumpline-worker --resolve NAME.
 *
 * The supervisor starts it as an unprivileged user, for one name, and it knows nothing: no
 * configuration, no key, no channel. So it may use what a worker's filter refuses, and names are
 * resolved as by `getent ahosts` (nss, sssd, .local). */
#ifndef WORKER_RESOLVE_H
#define WORKER_RESOLVE_H

/* Prints each address on its own line, or one line that starts with a space and says why there is
 * none. Returns the exit status. */
int lookup_run(const char *name);

#endif
