/* An order as a file: its name, its content, and whether a file contains an order.
 *
 * CSV is RFC 4180's; JSON is one object. All values are text, as ordered. */
#ifndef ERP_DRIVERS_FILE_RECORD_H
#define ERP_DRIVERS_FILE_RECORD_H

#include "erp-drivers/driver.h"

struct file_format {
    bool json;
    bool header;
    char delimiter;
    const json_t *columns; /* borrowed from erp; NULL: file_columns of record.c */
};

/* erp: the workshop's object, borrowed. */
void file_format_read(struct file_format *format, const json_t *erp);

/* The caller frees it. */
char *file_record(const struct file_format *format, const struct order *order,
                  const char *workshop);

/* Whether a file contains this order: its workshop, uniqueid, worksheet, product and amount
 * (numerically), as far as they are among the columns. */
bool file_record_same(const struct file_format *format, const char *content, size_t length,
                      const struct order *order, const char *workshop);

/* A name that is safe in every folder and unique for each uniqueid; without extension, at most
 * FILE_NAME_MAX bytes. The caller frees it. */
#define FILE_NAME_MAX 120
char *file_record_name(const char *uniqueid);

#endif
