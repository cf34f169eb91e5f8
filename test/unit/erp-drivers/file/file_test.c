/* The file driver against its golden files. */
#include "test/unit/erp-drivers/golden.h"

int
main(void)
{
    return golden_run("file", NULL, 0);
}
