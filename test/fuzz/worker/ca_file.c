/* CA files: an accepted file is text with certificates and no other block. */
#include "worker/io/ca_file.h"
#include "test/fuzz/fuzz.h"

static char *path;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    path = mem_format("%s/ca.pem", fuzz_folder());
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {.code = ""};
    char *pem = NULL;
    int result;

    fuzz_begin();
    fuzz_write(path, data, size);
    result = ca_file_read(path, &pem, &err);
    REQUIRE(result ? !pem && strcmp(err.code, "config") == 0 : pem != NULL);
    if (pem)
        REQUIRE(strlen(pem) == size && strstr(pem, "-----BEGIN ") &&
                !strstr(pem, "-----BEGIN PRIVATE KEY"));
    free(pem);
    return 0;
}
