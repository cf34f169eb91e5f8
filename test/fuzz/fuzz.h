/* Shared by all fuzz targets. */
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

/* An invariant: the fuzzer stores the input that violates it. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Called first by targets that log and open files: the fuzzer has closed stderr, and a file that
 * got its number would receive the log. */
static inline void
fuzz_begin(void)
{
    static bool done;

    if (!done)
        descriptors_standard();
    done = true;
}

/* The first byte of the input, which selects the case; 0 if there is none. */
static inline unsigned
take_choice(const uint8_t **data, size_t *size)
{
    if (!*size)
        return 0;
    (*size)--;
    return *(*data)++;
}

/* The input up to `end`, which is skipped, or the rest; NUL-terminated, and cut at its first NUL.
 * The caller frees it. */
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

/* A folder for targets whose parser reads files: in $TMPDIR, which run.sh removes, or in memory. */
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

/* Writes this content to FOLDER/name. */
static inline void
fuzz_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "we");

    REQUIRE(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

#endif
