/* The driver for ERPs that have only a web page: a browser that follows a recipe. */
#ifndef ERP_DRIVERS_WEBDRIVER_WEBDRIVER_H
#define ERP_DRIVERS_WEBDRIVER_WEBDRIVER_H

#include "erp-drivers/driver.h"

const struct erp_driver *webdriver_driver(void);

#endif
