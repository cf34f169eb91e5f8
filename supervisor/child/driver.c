#include "supervisor/child/driver_unit.h"
#include "supervisor/child/state.h"

int
child_open_driver(struct child *child, int *fd, struct err *err)
{
    *fd = -1;
    if (!child->host->own_driver(child, child->host->arg)) {
        driver_unit_down(child->driver);
        return 0;
    }
    *fd = driver_unit_up(child->driver, err);
    return *fd < 0 ? -1 : 0;
}
