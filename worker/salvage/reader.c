/* The process that reads, and the file that it writes. */
#include "worker/salvage/reader.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/failpoint.h"
#include "worker/queue/check.h"
#include "worker/queue/keys.h"
#include "worker/salvage/format_1.h"

#define CHECK_SECONDS 120 /* a loop in a damaged tree ends here */
#define CHECK_AT_ONCE 10000
#define KEY_BYTES 512
#define VALUE_BYTES 65536

/* --- what is sound --- */

static bool
is_json(struct bytes key, struct bytes value)
{
    json_t *content = record_decode(key, value);
    bool sound = content || (key.size == strlen(QUEUE_META_HASH_KEY) &&
                             memcmp(key.data, QUEUE_META_HASH_KEY, key.size) == 0);

    json_decref(content);
    return sound;
}

static bool
is_sound(unsigned format, enum store_table table, struct bytes key, struct bytes value)
{
    struct order order;

    switch (table) {
    case STORE_ORDERS:
        return (format == 1 ? format_1_order(key, value, &order)
                            : record_decode_order(key, value, &order, NULL)) == 0;
    case STORE_HISTORY:
    case STORE_META:
    case STORE_CALLBACKS:
        return is_json(key, value);
    default:
        return true;
    }
}

/* --- writing it down --- */

static bool
write_bytes(FILE *to, struct bytes bytes)
{
    return fwrite(&bytes.size, sizeof bytes.size, 1, to) == 1 &&
           fwrite(bytes.data, 1, bytes.size, to) == bytes.size;
}

static bool
write_entry(FILE *to, enum store_table table, struct bytes key, struct bytes value)
{
    /* What was written stays even if the next page kills this process. */
    return fputc((int)table, to) != EOF && write_bytes(to, key) && write_bytes(to, value) &&
           fflush(to) == 0;
}

static enum reading
write_table(struct store_txn *txn, unsigned format, enum store_table table, FILE *to)
{
    struct store_cursor cursor;
    enum reading result = READING_SOUND;
    bool found = store_seek(&cursor, txn, table, (struct bytes){NULL, 0});

    for (; found && result != READING_FAILED; found = store_next(&cursor))
        if (!is_sound(format, table, cursor.key, cursor.value))
            result = READING_DAMAGED;
        else if (!write_entry(to, table, cursor.key, cursor.value))
            result = READING_FAILED;
    store_cursor_close(&cursor);
    return txn->error && result == READING_SOUND ? READING_DAMAGED : result;
}

static enum reading
write_down(struct store *store, unsigned format, const char *records)
{
    static const enum store_table tables[] = {STORE_ORDERS, STORE_HISTORY,    STORE_CREDENTIALS,
                                              STORE_META,   STORE_REFERENCES, STORE_CALLBACKS};
    enum reading result = READING_SOUND;
    FILE *to = fopen(records, "we");
    struct store_txn txn;

    if (!to)
        return READING_FAILED;
    store_begin(store, &txn, false);
    for (size_t i = 0; i < sizeof tables / sizeof *tables && result != READING_FAILED; i++) {
        enum reading one = write_table(&txn, format, tables[i], to);

        if (one != READING_SOUND)
            result = one;
    }
    return fclose(to) ? READING_FAILED : result;
}

/* --- checking --- */

static enum reading
check_all(struct store *store, bool writes)
{
    struct queue_check check = {.writes = writes};
    struct err err;
    int more;

    while ((more = queue_check_some(store, &check, CHECK_AT_ONCE, &err)) > 0)
        continue;
    if (more == 0 || strcmp(err.code, "queue_full") == 0)
        return READING_SOUND;
    return strcmp(err.code, "storage") ? READING_FAILED : READING_DAMAGED;
}

/* The tree has no loop, but many orders: the supervisor gives a start only so much time. */
static void __attribute__((noreturn)) on_time_up(int number)
{
    (void)number;
    _exit(READING_SOUND);
}

static enum reading
check(struct store *store)
{
    enum reading result = check_all(store, false);

    if (result != READING_SOUND)
        return result;
    signal(SIGALRM, on_time_up);
    alarm(CHECK_SECONDS);
    return check_all(store, true);
}

static void __attribute__((noreturn))
read_in_child(const char *folder, unsigned map_mib, unsigned format, const char *records,
              pid_t parent)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
    struct store *store;
    struct err err;

    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL);
    alarm(CHECK_SECONDS);
    /* It holds the folder's lock, and must not outlive whom it works for. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(READING_FAILED);
    store = store_open_locked(folder, map_mib, format, &err);
    if (!store)
        _exit(strcmp(err.code, "storage") ? READING_FAILED : READING_DAMAGED);
    _exit((int)(records ? write_down(store, format, records) : check(store)));
}

enum reading
reader_run(const char *folder, unsigned map_mib, unsigned format, const char *records)
{
    pid_t parent = getpid(), pid = failpoint("salvage.fork") ? -1 : fork();
    int status;

    if (pid < 0)
        return READING_FAILED;
    if (!pid)
        read_in_child(folder, map_mib, format, records, parent);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status))
        return (enum reading)WEXITSTATUS(status);
    return WTERMSIG(status) == SIGKILL ? READING_FAILED : READING_DAMAGED;
}

/* --- reading what was written --- */

static bool
read_bytes(FILE *from, struct bytes *bytes, char *buffer, size_t size)
{
    if (fread(&bytes->size, sizeof bytes->size, 1, from) != 1 || bytes->size > size)
        return false;
    bytes->data = buffer;
    return fread(buffer, 1, bytes->size, from) == bytes->size;
}

void
reader_records(const char *records,
               void (*each)(enum store_table table, struct bytes key, struct bytes value,
                            void *arg),
               void *arg)
{
    char *buffer = mem_alloc(KEY_BYTES + VALUE_BYTES);
    FILE *from = fopen(records, "re");
    struct bytes key, value;
    int table;

    while (from && (table = fgetc(from)) != EOF && read_bytes(from, &key, buffer, KEY_BYTES) &&
           read_bytes(from, &value, buffer + KEY_BYTES, VALUE_BYTES))
        each((enum store_table)table, key, value, arg);
    if (from)
        fclose(from);
    free(buffer);
}
