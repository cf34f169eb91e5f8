/* Masks a password in the output of an ERP or a browser. */
#ifndef COMMON_JSON_MASK_H
#define COMMON_JSON_MASK_H

#include <jansson.h>

/* Replaces password in text by as many '*': as it is, and as JSON, HTML, HTML within JSON, URLs and
 * forms encode it. A password of less than 4 bytes is not masked (secret_mask): it would match
 * parts of ordinary words. */
void mask_password(char *text, const char *password);

/* The same for each string that is a member of secrets, an object (NULL: none). Strings of less
 * than 8 bytes are no tokens and stay. */
void mask_secrets(char *text, const json_t *secrets);

#endif
