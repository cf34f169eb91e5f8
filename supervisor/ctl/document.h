/* A workshop's document as the user has it, and what the workshop is called in the daemon's paths.
 */
#ifndef SUPERVISOR_CTL_DOCUMENT_H
#define SUPERVISOR_CTL_DOCUMENT_H

#include <jansson.h>

/* What the daemon takes in one body. */
#define DOCUMENT_BYTES_MAX (512u << 10)

/* Reads the file, or stdin where it is "-". NULL after having said what is wrong with it, without a
 * word of its contents: they may be a password. */
json_t *document_read(const char *file);

/* The slug that a workshop's name gives: lower case, one '-' for all else between letters and
 * digits. NULL where nothing is left. To be freed. */
char *slug_of_name(const char *name);

/* The slug that a file is named after: "x/bennys-auto.json". NULL where it is no slug. To be freed.
 */
char *slug_of_file(const char *file);

#endif
