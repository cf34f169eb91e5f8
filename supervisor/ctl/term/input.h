/* Input that does not come from argv: passwords and random ids. */
#ifndef SUPERVISOR_CTL_TERM_INPUT_H
#define SUPERVISOR_CTL_TERM_INPUT_H

/* The contract's limit for a password's value. */
enum { PASSWORD_BYTES_MAX = 512 };

/* Reads the first line of the file `source`, or of stdin if it is "-" or NULL; prompts without echo
 * if stdin is a terminal. NULL (no source) without a terminal is an error. Returns it for
 * secret_free(), or NULL after reporting why. From then on the process leaves no core dump. */
char *password_read(const char *source);

/* A random uniqueid, "ctl-" and 128 bits in hex. To be freed. */
char *uniqueid_new(void);

#endif
