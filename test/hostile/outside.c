/* The same attempts by an unconfined process: hostile-outside FOLDER. */
#include "test/hostile/attempts.h"

int
main(int count, char **arguments)
{
    if (count != 2)
        return 64;
    attempts_run(arguments[1]);
    return 0;
}
