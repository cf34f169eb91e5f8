/* The program that resolves a name: pumpline-worker --resolve NAME.
 *
 * It is started by the supervisor as an ordinary user, for one name, and knows nothing: no
 * configuration, no key, no channel. So it may have what a worker's filter refuses, and names are
 * found as `getent ahosts` finds them (nss, sssd, .local). */
#ifndef WORKER_RESOLVE_H
#define WORKER_RESOLVE_H

/* Prints each address on a line of its own, or one line that begins with a blank and says why there
 * is none. The exit status. */
int lookup_run(const char *name);

#endif
