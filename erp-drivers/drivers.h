/* The shipped drivers, one line each. */
#ifndef ERP_DRIVERS_DRIVERS_H
#define ERP_DRIVERS_DRIVERS_H

#include "erp-drivers/driver.h"

const struct erp_driver *file_driver(void);
const struct erp_driver *tryton_driver(void);
const struct erp_driver *webdriver_driver(void);

#endif
