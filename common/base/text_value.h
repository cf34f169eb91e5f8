/* Text that people and programs compare: an order's members, names, query parameters.
 *
 * Two texts that look the same must be the same bytes: text is normalised to NFC on input, and
 * invisible characters are refused. All text is UTF-8. */
#ifndef COMMON_BASE_TEXT_VALUE_H
#define COMMON_BASE_TEXT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* U+0000–001F, U+007F–009F, and line and paragraph separators: they do not belong in an ERP's
 * fields, and break logs and CSV files. */
bool text_has_control(const char *text, size_t length);

/* Empty, or only white space. */
bool text_is_blank(const char *text);

/* What is wrong with a value that is not blank: a control character, leading or trailing white
 * space, or a character without width (such as the byte order mark). NULL: nothing. */
const char *text_value_wrong(const char *text, size_t length);

/* In NFC; the caller frees it. Invalid UTF-8 stays as it is. */
char *text_nfc(const char *text);

/* The same in place, if it fits; otherwise the text stays as it is. */
void text_nfc_in_place(char *text, size_t size);

/* Whether both are the same text in NFC. */
bool text_same(const char *a, const char *b);

#endif
