/* The driver for ERPs with an HTTP API, each described by a recipe. */
#ifndef ERP_DRIVERS_HTTP_HTTP_H
#define ERP_DRIVERS_HTTP_HTTP_H

#include "erp-drivers/driver.h"

const struct erp_driver *http_driver(void);

#endif
