/* A queue whose file has lost its header is salvaged from its pages, whatever records they hold:
 * the result is a new queue without an order that would be sent to the ERP automatically. */
#include <dirent.h>
#include <unistd.h>

#include "test/fuzz/fuzz.h"
#include "worker/queue/queue.h"
#include "worker/queue/record.h"
#include "worker/salvage/salvage.h"

#define PAGE_BYTES 4096
#define MAP_MIB 16

static const unsigned char key[SECRET_KEY_BYTES] = {7};
static const struct queue_keys keys = {key, NULL};
static char *data_path;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    data_path = mem_format("%s/data.mdb", fuzz_folder());
    return 0;
}

static void
empty_folder(void)
{
    DIR *folder = opendir(fuzz_folder());
    struct dirent *entry;

    while ((entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

/* A leaf page with one node; flags and offsets in LMDB's format. */
static bool
make_page(unsigned char page[PAGE_BYTES], struct bytes name, struct bytes value)
{
    const uint16_t head[4] = {(uint16_t)value.size, 0, 0, (uint16_t)name.size}, offset = 64,
                   header[4] = {0, 0x02, 16 + sizeof offset, offset};

    if (offset + sizeof head + name.size + value.size > PAGE_BYTES)
        return false;
    memset(page, 0, PAGE_BYTES);
    memcpy(page + 8, header, sizeof header);
    memcpy(page + 16, &offset, sizeof offset);
    memcpy(page + offset, head, sizeof head);
    memcpy(page + offset + sizeof head, name.data, name.size);
    memcpy(page + offset + sizeof head + name.size, value.data, value.size);
    return true;
}

/* A line "KEY JSON" becomes a record with its checksum, anything else is stored as is; '^' in a key
 * stands for the NUL in a history entry's key. */
static void
write_line(FILE *file, char *line)
{
    unsigned char page[PAGE_BYTES];
    char *content = strchr(line, ' ');
    json_t *value = content ? json_loads(content + 1, 0, NULL) : NULL;
    struct bytes name = {line, content ? (size_t)(content - line) : strlen(line)}, record;

    for (size_t i = 0; i < name.size; i++)
        if (line[i] == '^')
            line[i] = '\0';
    record = value ? record_encode(name, value)
                   : (struct bytes){content ? content : "", content ? strlen(content) : 0};
    if (name.size < 512 && make_page(page, name, record))
        REQUIRE(fwrite(page, sizeof page, 1, file) == 1);
    if (value)
        free((void *)record.data);
    json_decref(value);
}

static void
damaged_file(const uint8_t *data, size_t size)
{
    unsigned char none[2 * PAGE_BYTES] = {0}; /* in place of the header */
    FILE *file = fopen(data_path, "we");

    REQUIRE(file && fwrite(none, sizeof none, 1, file) == 1);
    while (size) {
        char *line = take_text(&data, &size, '\n');

        write_line(file, line);
        free(line);
    }
    REQUIRE(fwrite(none, PAGE_BYTES, 1, file) == 1 && fclose(file) == 0);
}

/* Only one transaction at a time: the queue is queried after the page. */
static void
take_name(const struct order *order, void *arg)
{
    REQUIRE(order->status == ORDER_CREATED || order->status == ORDER_ERROR);
    json_array_append_new(arg, json_string(order->uniqueid));
}

static void
look(struct queue *queue, const char *uniqueid)
{
    struct order order;
    json_t *history;
    struct err err;

    REQUIRE(queue_get(queue, uniqueid, &order, &err) == 1);
    REQUIRE(queue_history(queue, uniqueid, &history, &err) == 1);
    json_decref(history);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct queue *queue;
    json_t *names = json_array();
    struct queue_page page = {.limit = 1000, .each = take_name, .arg = names};
    struct err err = {.code = ""};

    fuzz_begin();
    empty_folder();
    damaged_file(data, size);
    if (salvage_check(fuzz_folder(), MAP_MIB, &keys, &err))
        die_abort("not salvaged: %s", err.text);
    queue = queue_open(fuzz_folder(), MAP_MIB, &keys, &err);
    REQUIRE(queue && queue_length(queue) == 0);
    REQUIRE(queue_page(queue, &page, &err) == 0);
    for (size_t i = 0; i < json_array_size(names); i++)
        look(queue, json_string_value(json_array_get(names, i)));
    json_decref(names);
    queue_close(queue);
    return 0;
}
