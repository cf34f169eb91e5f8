/* Reads a password without exposing it: never in argv, never echoed, wiped after use. Avoids stdio,
 * whose buffers would keep a copy. */
#include "supervisor/ctl/term/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "supervisor/ctl/term/text.h"

/* Room for "\r\n" and for one byte that shows that it is too long. */
enum { BUFFER_BYTES = PASSWORD_BYTES_MAX + 3 };

static volatile sig_atomic_t signal_seen;

static void
on_signal(int number)
{
    signal_seen = number;
}

/* Signals that would end or stop us while echo is off. They are unblocked only while the prompt
 * waits, recorded, and raised again once echo is restored. */
static const int prompt_signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};

enum { PROMPT_SIGNALS = sizeof(prompt_signals) / sizeof(prompt_signals[0]) };

struct prompt {
    struct termios terminal;
    struct sigaction actions[PROMPT_SIGNALS];
    sigset_t mask;
};

static bool
prompt_begin(struct prompt *prompt)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    if (tcgetattr(STDIN_FILENO, &prompt->terminal) < 0)
        return false;
    sigemptyset(&blocked);
    for (size_t i = 0; i < PROMPT_SIGNALS; i++)
        sigaddset(&blocked, prompt_signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &prompt->mask);
    for (size_t i = 0; i < PROMPT_SIGNALS; i++)
        sigaction(prompt_signals[i], &action, &prompt->actions[i]);
    struct termios silent = prompt->terminal;

    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs("Password: ", stderr);
    return true;
}

static void
prompt_end(const struct prompt *prompt)
{
    fputs("\n", stderr);
    /* Flushing drops the rest of a line that was too long: the shell must not get it. */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &prompt->terminal);
    for (size_t i = 0; i < PROMPT_SIGNALS; i++)
        sigaction(prompt_signals[i], &prompt->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &prompt->mask, NULL);
    if (signal_seen)
        raise(signal_seen);
}

/* Reads up to size bytes, but not beyond a newline. -1 with errno on an error. */
static ssize_t
read_line(int fd, char *buffer, size_t size)
{
    size_t count = 0;

    while (count < size && !memchr(buffer, '\n', count)) {
        ssize_t got = read(fd, buffer + count, size - count);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        count += (size_t)got;
    }
    return (ssize_t)count;
}

static ssize_t
read_prompted(char *buffer, size_t size)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    struct prompt prompt;
    ssize_t count = -1;

    if (!prompt_begin(&prompt))
        return -1;
    if (ppoll(&wait, 1, NULL, &prompt.mask) > 0)
        count = read_line(STDIN_FILENO, buffer, size);
    int error = errno;

    prompt_end(&prompt);
    errno = error;
    return count;
}

static ssize_t
read_source(const char *source, char *buffer, size_t size)
{
    if (!source || strcmp(source, "-") == 0)
        return isatty(STDIN_FILENO) ? read_prompted(buffer, size)
                                    : read_line(STDIN_FILENO, buffer, size);
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -1;
    ssize_t count = read_line(fd, buffer, size);
    int error = errno;

    close(fd);
    errno = error;
    return count;
}

/* Cuts buffer after its first line; false if that is empty, too long or contains a NUL. */
static bool
first_line(char *buffer, size_t count)
{
    char *end = memchr(buffer, '\n', count);
    size_t length = end ? (size_t)(end - buffer) : count;

    if (length > 0 && buffer[length - 1] == '\r')
        length--;
    if (length == 0 || length > PASSWORD_BYTES_MAX || memchr(buffer, '\0', length))
        return false;
    buffer[length] = '\0';
    return true;
}

char *
password_read(const char *source)
{
    if (!source && !isatty(STDIN_FILENO)) {
        text_complain("--username requires --password-file FILE (- is stdin)");
        return NULL;
    }
    prctl(PR_SET_DUMPABLE, 0);
    char *buffer = secret_alloc(BUFFER_BYTES);
    ssize_t count = read_source(source, buffer, BUFFER_BYTES);

    if (count >= 0 && first_line(buffer, (size_t)count))
        return buffer;
    if (count < 0)
        text_complain("cannot read the password from %s: %s", source ? source : "the terminal",
                      strerror(errno));
    else
        text_complain(
            "invalid password from %s: it is empty, contains a NUL byte, or exceeds %d bytes",
            source ? source : "the terminal", PASSWORD_BYTES_MAX);
    secret_free(buffer);
    return NULL;
}

char *
uniqueid_new(void)
{
    unsigned char random[16];
    char *id = mem_format("ctl-%032d", 0);

    secret_random(random, sizeof random);
    for (size_t i = 0; i < sizeof(random); i++)
        sprintf(id + 4 + 2 * i, "%02x", random[i]);
    return id;
}
