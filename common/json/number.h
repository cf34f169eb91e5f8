/* The text of a number in a JSON document: jansson keeps numbers in binary, which must never be
 * used for an amount. */
#ifndef COMMON_JSON_NUMBER_H
#define COMMON_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the text of the number that is the value of the top-level member `name`. document: an
 * object that a JSON parser has accepted, without duplicate members and without a NUL byte (jansson
 * ignores one after a number). false: no such member, not a number, or no room. */
bool json_number_text(const char *document, size_t length, const char *name, char *text,
                      size_t size);

/* A copy of a document in which each number with a fraction or an exponent is replaced by a string
 * of its text, so that a JSON parser keeps every digit. An invalid document gives an invalid copy.
 * The caller frees it. */
char *json_number_quote(const char *document, size_t length);

/* The plain text of a JSON number, without exponent and padding zeros: "1.50e1" → "15". false: not
 * a number, or no room. */
bool json_number_plain(const char *number, char *text, size_t size);

#endif
