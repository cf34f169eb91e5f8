/* Single keys from the terminal on stdin, without Enter and without echo. */
#ifndef SUPERVISOR_CTL_TERM_KEYS_H
#define SUPERVISOR_CTL_TERM_KEYS_H

#include <stdbool.h>

/* Takes the terminal. False if stdin is none, or if we are in the background. keys_close() restores
 * it; both may be repeated. */
bool keys_open(void);
void keys_close(void);

/* The next key that has been typed, 0 if there is none, -1 if there will never be one again. */
int keys_take(void);

#endif
