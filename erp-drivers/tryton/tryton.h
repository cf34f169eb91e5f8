/* The driver for Tryton, by its JSON-RPC. */
#ifndef ERP_DRIVERS_TRYTON_TRYTON_H
#define ERP_DRIVERS_TRYTON_TRYTON_H

#include "erp-drivers/driver.h"

const struct erp_driver *tryton_driver(void);

#endif
