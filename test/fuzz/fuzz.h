/* What fuzz targets share. */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/descriptors.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/secret.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, whatever the input: the fuzzer keeps the input that breaks it. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Begins an input of a target that logs and opens files: the fuzzer has closed stderr, and what
 * takes its number would get the log. */
static inline void
fuzz_begin(void)
{
    static bool done;

    if (!done)
        descriptors_standard();
    done = true;
}

/* The first byte of the input, which chooses what is tried; 0 where there is none. */
static inline unsigned
take_choice(const uint8_t **data, size_t *size)
{
    if (!*size)
        return 0;
    (*size)--;
    return *(*data)++;
}

/* The input up to `end`, which is skipped, or all the rest; NUL-terminated, up to the first NUL in
 * it. The caller frees it. */
static inline char *
take_text(const uint8_t **data, size_t *size, char end)
{
    const uint8_t *found = *size ? memchr(*data, end, *size) : NULL;
    size_t length = found ? (size_t)(found - *data) : *size;
    char *text = mem_alloc(length + 1);

    if (length)
        memcpy(text, *data, length);
    *data += length + (found != NULL);
    *size -= length + (found != NULL);
    return text;
}

/* A folder of its own for a target whose parser reads files: in $TMPDIR, which run.sh removes, or
 * in memory. */
static inline const char *
fuzz_folder(void)
{
    static char *folder;

    if (!folder) {
        folder = mem_format("%s/fuzz-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/dev/shm");
        if (!mkdtemp(folder))
            die_abort("no folder %s", folder);
    }
    return folder;
}

/* FOLDER/name with this content. */
static inline void
fuzz_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "we");

    REQUIRE(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

#endif
