/* Turns an ERP's page into one line of text. */
#ifndef ERP_DRIVERS_PLAIN_TEXT_H
#define ERP_DRIVERS_PLAIN_TEXT_H

#include <stddef.h>

/* In place: strips tags from HTML (or any text), collapses white space, and cuts to `bytes` bytes
 * of valid UTF-8. */
void plain_text(char *page, size_t bytes);

#endif
