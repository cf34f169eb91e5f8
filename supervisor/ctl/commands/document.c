/* Reads JSON that may contain a password: without stdio, whose buffers would keep a copy. */
#include "supervisor/ctl/commands/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/json/text.h"
#include "supervisor/ctl/term/text.h"

static json_t *
parse(const char *file, const char *bytes, size_t count)
{
    struct err err;
    json_t *document = json_text_read(bytes, count, 0, &err);

    if (!document)
        text_complain("%s: %s", file, err.text);
    return document;
}

json_t *
document_read(const char *file)
{
    bool is_stdin = strcmp(file, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *buffer = secret_alloc(DOCUMENT_BYTES_MAX + 1);
    ssize_t count = fd < 0 ? -1 : descriptors_read(fd, buffer, DOCUMENT_BYTES_MAX + 1);
    const char *name = is_stdin ? "stdin" : file;
    json_t *document = NULL;

    if (count < 0)
        text_complain("%s: %s", name, strerror(errno));
    else if ((size_t)count > DOCUMENT_BYTES_MAX)
        text_complain("%s exceeds %u bytes", name, DOCUMENT_BYTES_MAX);
    else
        document = parse(name, buffer, (size_t)count);
    secret_free(buffer);
    if (fd >= 0 && !is_stdin)
        close(fd);
    return document;
}

char *
slug_of_file(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *slug = mem_string(slash ? slash + 1 : file);
    size_t length = strlen(slug);

    if (length > 5 && strcmp(slug + length - 5, ".json") == 0)
        slug[length - 5] = '\0';
    if (config_slug_sound(slug))
        return slug;
    free(slug);
    return NULL;
}
