/* A workshop's document as the user has it, and the slug that its file's name gives. */
#ifndef SUPERVISOR_CTL_COMMANDS_DOCUMENT_H
#define SUPERVISOR_CTL_COMMANDS_DOCUMENT_H

#include <jansson.h>

/* What the daemon takes in one body. */
#define DOCUMENT_BYTES_MAX (512u << 10)

/* Reads the file, or stdin where it is "-". NULL after having said what is wrong with it, without a
 * word of its contents: they may be a password. */
json_t *document_read(const char *file);

/* The slug that a file is named after: "x/bennys-auto.json". NULL where it is no slug. To be freed.
 */
char *slug_of_file(const char *file);

#endif
