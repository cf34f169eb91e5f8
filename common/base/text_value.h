/* Text as a value that people and programs compare: an order's members, names, query parameters.
 *
 * Two texts that look the same must be the same bytes: they are in Unicode's normal form NFC from
 * the entrance on, and invisible characters are refused. All text is UTF-8. */
#ifndef COMMON_BASE_TEXT_VALUE_H
#define COMMON_BASE_TEXT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* U+0000–001F, U+007F–009F, and the separators of lines and paragraphs: nothing that belongs into
 * an ERP's fields, or that a log or a CSV file survives. */
bool text_has_control(const char *text, size_t length);

/* Nothing but white space; an empty one too. */
bool text_is_blank(const char *text);

/* What is wrong with a value that is not blank: a control character, white space around it, or a
 * character that has no width (the byte order mark is one). NULL: nothing. */
const char *text_value_wrong(const char *text, size_t length);

/* In NFC; the caller frees it. What is no UTF-8 stays as it is. */
char *text_nfc(const char *text);

/* The same in place, as long as it fits; otherwise the text stays as it is. */
void text_nfc_in_place(char *text, size_t size);

/* The same text, once both are in NFC. */
bool text_same(const char *a, const char *b);

#endif
