/* A queue's data file with any damage, read without LMDB: all keys and values lie inside the mapped
 * file. */
#include "test/fuzz/fuzz.h"
#include "worker/salvage/damaged_pages.h"

static char *path;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    path = mem_format("%s/data.mdb", fuzz_folder());
    return 0;
}

static void
visit(struct bytes key, struct bytes value, void *arg)
{
    const unsigned char *at = key.data;
    unsigned *sum = arg;

    REQUIRE(key.size <= 65536 && value.size <= 65536);
    for (size_t i = 0; i < key.size; i++)
        *sum += at[i];
    at = value.data;
    for (size_t i = 0; i < value.size; i++)
        *sum += at[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum store_pages_header header;
    unsigned sum = 0;

    fuzz_begin();
    fuzz_write(path, data, size);
    header = store_pages_header(path);
    REQUIRE(header != STORE_PAGES_UNREAD);
    REQUIRE(!store_pages_unborn(path) || header == STORE_PAGES_BAD);
    REQUIRE(store_pages_scan(path, visit, &sum) == 0);
    return 0;
}
