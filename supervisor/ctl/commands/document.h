/* A workshop's document in the user's file, and the slug that the file's name gives. */
#ifndef SUPERVISOR_CTL_COMMANDS_DOCUMENT_H
#define SUPERVISOR_CTL_COMMANDS_DOCUMENT_H

#include <jansson.h>

/* The daemon's limit for a body. */
#define DOCUMENT_BYTES_MAX (512u << 10)

/* Reads the file, or stdin if it is "-". NULL after reporting what is wrong with it, without
 * quoting its contents: they may be a password. */
json_t *document_read(const char *file);

/* The slug that a file is named after: "x/bennys-auto.json". NULL if it is not a slug. To be freed.
 */
char *slug_of_file(const char *file);

#endif
