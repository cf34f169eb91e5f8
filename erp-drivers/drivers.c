/* The table of drivers. */
#include <string.h>

#include "erp-drivers/file/file.h"
#include "erp-drivers/http/http.h"
#include "erp-drivers/webdriver/webdriver.h"

static const struct {
    const char *system;
    const struct erp_driver *(*driver)(void);
} drivers[] = {{"file", file_driver},
               {"webdriver", webdriver_driver},
               {"http", http_driver},
               /* Another name for the recipe. */
               {"tryton", http_driver}};

const struct erp_driver *
erp_driver_find(const char *system)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i].system, system) == 0)
            return drivers[i].driver();
    return NULL;
}
