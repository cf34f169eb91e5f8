/* Reading it, and what it must be. */
#include "worker/ca_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

#define BEGIN "-----BEGIN "
#define DASHES "-----"

static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"};
static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t";

/* Behind the block that starts at text; NULL: it is no certificate. */
static const char *
skip_certificate(const char *text)
{
    const char *label = text + strlen(BEGIN);

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t length = strlen(labels[i]);
        const char *body = label + length + strlen(DASHES), *end;

        if (strncmp(label, labels[i], length) || strncmp(label + length, DASHES, strlen(DASHES)))
            continue;
        end = body + strspn(body, base64);
        if (end == body || strncmp(end, "-----END ", 9) || strncmp(end + 9, labels[i], length))
            return NULL;
        return end + 9 + length;
    }
    return NULL;
}

/* Besides certificates only remarks, as bundles have. */
static bool
is_certificates(const char *text)
{
    const char *at = strstr(text, BEGIN);
    bool any = at != NULL;

    for (; at; at = strstr(at, BEGIN))
        if (!(at = skip_certificate(at)))
            return false;
    return any;
}

/* -1 with errno. EFBIG: what it is can't be a list of certificates. */
static ssize_t
read_all(int fd, char *to)
{
    size_t length = 0;
    struct stat file;
    ssize_t got;

    if (fstat(fd, &file))
        return -1;
    if (!S_ISREG(file.st_mode) || file.st_size > (off_t)CA_FILE_BYTES_MAX)
        return errno = EFBIG, -1;
    while ((got = read(fd, to + length, CA_FILE_BYTES_MAX - length)) > 0)
        length += (size_t)got;
    return got < 0 ? -1 : (ssize_t)length;
}

int
ca_file_read(const char *path, char **pem, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), number;
    char *text = mem_alloc(CA_FILE_BYTES_MAX + 1);
    ssize_t length = fd < 0 ? -1 : read_all(fd, text);

    number = errno;
    if (fd >= 0)
        close(fd);
    *pem = NULL;
    if (length >= 0 && !memchr(text, '\0', (size_t)length) && is_certificates(text))
        *pem = mem_string(text);
    free(text);
    if (*pem)
        return 0;
    if (length >= 0 || number == EFBIG)
        return err_set(err, "config",
                       "ca_file %s must be certificates in PEM, nothing else, and no more than %u "
                       "KiB of them",
                       path, CA_FILE_BYTES_MAX >> 10);
    log_warning("ca_file %s can't be read (%s): no server is trusted", path, strerror(number));
    return 0;
}
