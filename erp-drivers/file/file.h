/* The file driver: one file an order. */
#ifndef ERP_DRIVERS_FILE_FILE_H
#define ERP_DRIVERS_FILE_FILE_H

#include "erp-drivers/driver.h"

const struct erp_driver *file_driver(void);

#endif
