/* The WebDriver driver request by request, by its golden files. */
#include "golden.h"

int
main(void)
{
    return golden_run("webdriver", NULL, 0);
}
