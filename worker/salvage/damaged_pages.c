/* LMDB's pages, one by one. */
#include "worker/salvage/damaged_pages.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/failpoint.h"

#define MAGIC 0xBEEFC0DEu
#define VERSION 1u
#define HEADER_BYTES 16u
#define NODE_BYTES 8u
#define FLAG_LEAF 0x02u
#define FLAG_META 0x08u
#define NODE_BIG 0x01u /* the value is on pages of its own */
#define PAGE_BYTES_MIN 512u
#define PAGE_BYTES_MAX 65536u
#define VALUE_BYTES_MAX 65536u

struct page_header {
    uint64_t number;
    uint16_t pad, flags, lower, upper;
    uint32_t unused;
};

struct database {
    uint32_t pad; /* of the first one: the page size */
    uint16_t flags, depth;
    uint64_t pages[3], entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct database databases[2];
    uint64_t last_page, transaction;
};

_Static_assert(sizeof(struct database) == 48 && sizeof(struct meta) == 136,
               "the format has no other padding");

struct file {
    int fd;
    uint64_t bytes;
    size_t page_bytes;
};

static bool
read_at(const struct file *file, uint64_t offset, void *to, size_t length)
{
    return offset + length <= file->bytes &&
           pread(file->fd, to, length, (off_t)offset) == (ssize_t)length;
}

static bool
read_meta(const struct file *file, unsigned page, struct meta *meta)
{
    struct page_header header;
    uint64_t offset = page * (uint64_t)file->page_bytes;
    size_t page_bytes;

    if (!read_at(file, offset, &header, HEADER_BYTES) ||
        !read_at(file, offset + HEADER_BYTES, meta, sizeof *meta))
        return false;
    page_bytes = meta->databases[0].pad;
    return (header.flags & FLAG_META) && meta->magic == MAGIC && meta->version == VERSION &&
           page_bytes >= PAGE_BYTES_MIN && page_bytes <= PAGE_BYTES_MAX &&
           !(page_bytes & (page_bytes - 1));
}

/* Where the header is gone the system's page size is the best guess: LMDB takes it when it makes a
 * file. */
static bool
pages_open(struct file *file, const char *path)
{
    struct stat status;
    struct meta meta;

    file->fd = failpoint("salvage.open") ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &status))
        return false;
    file->bytes = (uint64_t)status.st_size;
    file->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    if (read_meta(file, 0, &meta))
        file->page_bytes = meta.databases[0].pad;
    return true;
}

static void
pages_close(struct file *file)
{
    if (file->fd >= 0)
        close(file->fd);
}

enum store_pages_header
store_pages_header(const char *path)
{
    enum store_pages_header result = STORE_PAGES_BAD;
    struct meta first, second, *newest;
    struct file file;

    if (!pages_open(&file, path))
        result = STORE_PAGES_UNREAD;
    else if (read_meta(&file, 0, &first) && read_meta(&file, 1, &second)) {
        newest = first.transaction > second.transaction ? &first : &second;
        result = (newest->last_page + 1) * file.page_bytes <= file.bytes ? STORE_PAGES_SOUND
                                                                         : STORE_PAGES_SHORT;
    }
    pages_close(&file);
    return result;
}

#define NODE_TABLE 0x02u /* the value is a table's root */

/* The main tree has a dozen entries: its root is a leaf. */
static uint64_t
format_in_page(const unsigned char *page, size_t page_bytes)
{
    struct page_header header;
    uint16_t offset, head[4];

    memcpy(&header, page, HEADER_BYTES);
    if (!(header.flags & FLAG_LEAF) || header.lower > page_bytes)
        return 0;
    for (size_t at = HEADER_BYTES; at + sizeof offset <= header.lower; at += sizeof offset) {
        const size_t name = strlen(STORE_FORMAT_NAME);

        memcpy(&offset, page + at, sizeof offset);
        if (offset < HEADER_BYTES || offset + NODE_BYTES + name + 8 > page_bytes)
            continue;
        memcpy(head, page + offset, sizeof head);
        if (head[3] != name || memcmp(page + offset + NODE_BYTES, STORE_FORMAT_NAME, name) != 0)
            continue;
        if (head[2] & NODE_TABLE)
            return 1;
        return head[2] || head[0] != 8 ? 0 : store_get_u64(page + offset + NODE_BYTES + name);
    }
    return 0;
}

uint64_t
store_pages_format(const char *path)
{
    struct meta first, second;
    unsigned char *page = NULL;
    uint64_t format = 0, root;
    struct file file;

    if (pages_open(&file, path) && read_meta(&file, 0, &first) && read_meta(&file, 1, &second)) {
        root = (first.transaction > second.transaction ? first : second).databases[1].root;
        page = mem_alloc(file.page_bytes);
        if (root < file.bytes / file.page_bytes &&
            read_at(&file, root * file.page_bytes, page, file.page_bytes))
            format = format_in_page(page, file.page_bytes);
    }
    free(page);
    pages_close(&file);
    return format;
}

bool
store_pages_unborn(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           status.st_size <= 2 * sysconf(_SC_PAGESIZE) &&
           store_pages_header(path) == STORE_PAGES_BAD;
}

struct scan {
    struct file file;
    void (*visit)(struct bytes key, struct bytes value, void *arg);
    void *arg;
    char value[VALUE_BYTES_MAX];
};

static void
visit_node(struct scan *scan, const unsigned char *page, size_t offset)
{
    uint16_t head[4]; /* value's length, low and high; flags; key's length */
    struct bytes key, value;
    uint64_t number;

    if (offset < HEADER_BYTES || offset + NODE_BYTES > scan->file.page_bytes)
        return;
    memcpy(head, page + offset, sizeof head);
    key = (struct bytes){page + offset + NODE_BYTES, head[3]};
    value = (struct bytes){page + offset + NODE_BYTES + key.size, head[0] | (size_t)head[1] << 16};
    if (offset + NODE_BYTES + key.size > scan->file.page_bytes || value.size > VALUE_BYTES_MAX)
        return;
    if (head[2] & NODE_BIG) {
        if (offset + NODE_BYTES + key.size + sizeof number > scan->file.page_bytes)
            return;
        memcpy(&number, value.data, sizeof number);
        if (number > scan->file.bytes / scan->file.page_bytes ||
            !read_at(&scan->file, number * scan->file.page_bytes + HEADER_BYTES, scan->value,
                     value.size))
            return;
        value.data = scan->value;
    } else if (offset + NODE_BYTES + key.size + value.size > scan->file.page_bytes) {
        return;
    }
    scan->visit(key, value, scan->arg);
}

static void
visit_page(struct scan *scan, const unsigned char *page)
{
    struct page_header header;
    uint16_t offset;

    memcpy(&header, page, HEADER_BYTES);
    if (!(header.flags & FLAG_LEAF) || header.lower < HEADER_BYTES ||
        header.lower > scan->file.page_bytes)
        return;
    for (size_t at = HEADER_BYTES; at + sizeof offset <= header.lower; at += sizeof offset) {
        memcpy(&offset, page + at, sizeof offset);
        visit_node(scan, page, offset);
    }
}

int
store_pages_scan(const char *path, void (*visit)(struct bytes key, struct bytes value, void *arg),
                 void *arg)
{
    struct scan *scan = mem_alloc(sizeof *scan);
    bool opened = pages_open(&scan->file, path);
    unsigned char *page = mem_alloc(scan->file.page_bytes);

    scan->visit = visit;
    scan->arg = arg;
    for (uint64_t at = 0; opened && at < scan->file.bytes; at += scan->file.page_bytes)
        if (read_at(&scan->file, at, page, scan->file.page_bytes))
            visit_page(scan, page);
    pages_close(&scan->file);
    free(page);
    free(scan);
    return opened ? 0 : -1;
}
