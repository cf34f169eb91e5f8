/* Reads and checks the file. */
#include "worker/io/ca_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file_read.h"
#include "common/base/log.h"
#include "common/base/secret.h"

#define BEGIN "-----BEGIN "
#define DASHES "-----"

static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"};
static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n \t";

/* The position after the block that starts at text; NULL: not a certificate. */
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
        /* Otherwise its dashes could begin another block. */
        if (!*body || !strchr(" \t\r\n", *body))
            return NULL;
        if (strncmp(end, "-----END ", 9) || strncmp(end + 9, labels[i], length))
            return NULL;
        return end + 9 + length;
    }
    return NULL;
}

/* Besides certificates only comments, as in bundles. */
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

int
ca_file_read(const char *path, char **pem, struct err *err)
{
    struct err why = {.code = ""};
    size_t length = 0;
    char *text = file_read(path, CA_FILE_BYTES_MAX, &length, &why);
    bool missing = strcmp(why.code, "no_file") == 0 || strcmp(why.code, "unreadable") == 0;

    *pem = NULL;
    if (text && !memchr(text, '\0', length) && is_certificates(text))
        *pem = mem_string(text);
    secret_free(text);
    if (*pem)
        return 0;
    if (!missing)
        return err_set(err, "config", "ca_file %s must hold only PEM certificates, at most %u KiB",
                       path, CA_FILE_BYTES_MAX >> 10);
    log_warning("cannot use ca_file %s: %s; no server is trusted", path, why.text);
    return 0;
}
