#include "supervisor/ctl/term/keys.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool taken;

bool
keys_open(void)
{
    struct termios single;

    if (taken || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before) < 0)
        return taken;
    single = before;
    single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    single.c_cc[VMIN] = 0; /* never waits */
    single.c_cc[VTIME] = 0;
    taken = tcsetattr(STDIN_FILENO, TCSADRAIN, &single) == 0;
    return taken;
}

void
keys_close(void)
{
    if (taken)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    taken = false;
}

int
keys_take(void)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    char key;

    if (!taken || poll(&keys, 1, 0) <= 0)
        return 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? (unsigned char)key : -1;
}
