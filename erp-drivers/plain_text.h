/* What an ERP's page says, fit for a line of text. */
#ifndef ERP_DRIVERS_PLAIN_TEXT_H
#define ERP_DRIVERS_PLAIN_TEXT_H

#include <stddef.h>

/* In place: HTML (or any text) without its tags, white space joined, at most `bytes` bytes of valid
 * UTF-8. */
void plain_text(char *page, size_t bytes);

#endif
