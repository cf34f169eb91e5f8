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
 * of its text, so that a JSON parser keeps every digit. Each such string begins with
 * JSON_NUMBER_MARK: it is told from a string that the document has, and json_number_unmark makes
 * the number of it again. An invalid document gives an invalid copy. The caller frees it. */
#define JSON_NUMBER_MARK '\001'
char *json_number_mark(const char *document, size_t length);

/* The text of a document, as jansson writes it, with its marked strings as numbers; one whose text
 * is no number stays. The caller frees it. */
char *json_number_unmark(const char *document);

/* The plain text of a number as JSON writes it, without exponent and needless zeros: "1.50e1" →
 * "15". false: no such number, or no room. */
bool json_number_plain(const char *number, char *text, size_t size);

#endif
