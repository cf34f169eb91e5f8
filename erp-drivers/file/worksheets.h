/* A file of open worksheets, beside the orders' files: one a line, with a title behind a tab or the
 * delimiter of CSV, if it has one. */
#ifndef ERP_DRIVERS_FILE_WORKSHEETS_H
#define ERP_DRIVERS_FILE_WORKSHEETS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the worksheet is among them; title (size bytes): empty if it has none. */
bool file_worksheets_find(const char *content, size_t length, char delimiter, const char *worksheet,
                          char *title, size_t size);

#endif
