/* Shared by the worker's tests: a temporary folder, a queue in it, and orders. */
#ifndef TEST_UNIT_WORKER_FIXTURE_H
#define TEST_UNIT_WORKER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "worker/queue/queue.h"

#define DEADLINE_MS 20000 /* far above what any test needs */

struct fixture {
    char folder[64];
    unsigned char key[SECRET_KEY_BYTES];
    struct queue *queue;
};

static inline void
folder_make(char folder[64])
{
    const char *parent = getenv("TMPDIR"); /* test/check.sh sets it to a folder in memory */

    snprintf(folder, 64, "%s/pumpline-test-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static inline int
folder_remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void
folder_remove(const char *folder)
{
    nftw(folder, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void
fixture_open(struct fixture *f, unsigned map_mib)
{
    struct err err = {.code = ""};

    f->queue = queue_open(f->folder, map_mib, &(struct queue_keys){f->key, NULL}, &err);
    if (!f->queue)
        fail_msg("%s: %s", err.code, err.text);
}

static inline void
fixture_reopen(struct fixture *f, unsigned map_mib)
{
    queue_close(f->queue);
    fixture_open(f, map_mib);
}

static inline int
fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    secret_start();
    log_open("test");
    folder_make(f->folder);
    memset(f->key, 7, sizeof f->key);
    fixture_open(f, 16);
    *state = f;
    return 0;
}

static inline int
fixture_teardown(void **state)
{
    struct fixture *f = *state;

    queue_close(f->queue);
    folder_remove(f->folder);
    free(f);
    return 0;
}

static inline struct order
order_of(const char *uniqueid, const char *worksheet)
{
    struct order order = {.status = ORDER_PLACED};

    snprintf(order.uniqueid, sizeof order.uniqueid, "%s", uniqueid);
    snprintf(order.worksheet, sizeof order.worksheet, "%s", worksheet);
    strcpy(order.product_nr, "10");
    strcpy(order.product_amount, "5");
    return order;
}

/* Of format 1, with every member set. */
static inline struct order
full_order(void)
{
    struct order order = order_of("u-1", "Ärbeit \"558\"");

    strcpy(order.product_amount, "004.70");
    order.status = ORDER_ERROR;
    strcpy(order.reason_code, "erp_rejected");
    strcpy(order.reason_text, "it says: no\\");
    strcpy(order.erp_reference, "4711");
    order.attempts = UINT32_MAX;
    order.placed_ms = 1795594530123;
    order.updated_ms = 1795594530124;
    order.next_attempt_ms = 1795594530125;
    order.seq = 1ull << 60;
    order.history_length = UINT32_MAX - 1;
    order.commit_sent = true;
    order.queued_ms = 1795594530126;
    order.retry_since_ms = 1795594530127;
    order.trusted_ms = 1795594530128;
    return order;
}

/* Puts one order and expects this result. */
static inline struct queue_put
put_answered(struct queue *queue, struct order *order, const struct credentials *credentials,
             enum queue_answer answer)
{
    struct queue_put put = {.order = order, .credentials = credentials};

    order->own_credentials = credentials != NULL;
    queue_put(queue, &put, 1);
    if (put.answer == QUEUE_REFUSED && answer != QUEUE_REFUSED)
        fail_msg("%s is refused: %s", order->uniqueid, put.err.text);
    assert_int_equal(put.answer, answer);
    return put;
}

static inline void
put_new(struct queue *queue, const char *uniqueid, const char *worksheet)
{
    struct order order = order_of(uniqueid, worksheet);

    put_answered(queue, &order, NULL, QUEUE_PLACED);
}

static inline struct order
get(struct queue *queue, const char *uniqueid)
{
    struct order order = {.seq = 0};
    struct err err;

    assert_int_equal(queue_get(queue, uniqueid, &order, &err), 1);
    return order;
}

/* Takes exactly one order, which must be this one. */
static inline struct queue_task
take(struct queue *queue, int64_t latest_ms, const char *uniqueid)
{
    struct queue_task task = {.order = {.seq = 0}};
    struct err err;

    assert_int_equal(queue_take(queue, latest_ms, &task, 1, &err), 1);
    assert_string_equal(task.order.uniqueid, uniqueid);
    assert_int_equal(task.order.status, ORDER_PROCESSING);
    return task;
}

static inline void
take_nothing(struct queue *queue, int64_t latest_ms)
{
    struct queue_task task;
    struct err err;

    assert_int_equal(queue_take(queue, latest_ms, &task, 1, &err), 0);
}

static inline void
finish(struct queue *queue, struct order *order, enum order_status status, const char *reason)
{
    struct err err;

    order->status = status;
    snprintf(order->reason_code, sizeof order->reason_code, "%s", reason);
    assert_int_equal(queue_finish(queue, order, &(struct queue_end){.duration_ms = 12}, &err), 0);
}

/* Moves a new order to `error`. */
static inline void
put_failed(struct queue *queue, const char *uniqueid, const char *worksheet)
{
    struct queue_task task;

    put_new(queue, uniqueid, worksheet);
    task = take(queue, INT64_MAX, uniqueid);
    finish(queue, &task.order, ORDER_ERROR, "worksheet_closed");
}

static inline void
put_created(struct queue *queue, const char *uniqueid, const char *worksheet)
{
    struct queue_task task;

    put_new(queue, uniqueid, worksheet);
    task = take(queue, INT64_MAX, uniqueid);
    finish(queue, &task.order, ORDER_CREATED, "");
}

static inline json_t *
history_of(struct queue *queue, const char *uniqueid)
{
    json_t *history = NULL;
    struct err err;

    assert_int_equal(queue_history(queue, uniqueid, &history, &err), 1);
    return history;
}

/* A text member of the history entry; "" for null. */
static inline const char *
history_text(json_t *history, size_t entry, const char *member)
{
    json_t *value = json_object_get(json_array_get(history, entry), member);

    assert_non_null(value);
    return json_is_null(value) ? "" : json_string_value(value);
}

static inline void
disk_takes(bool anything)
{
    static struct rlimit normal;
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    if (!normal.rlim_max)
        getrlimit(RLIMIT_FSIZE, &normal);
    limit = normal;
    if (!anything)
        limit.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* The whole file; the caller frees it. */
static inline char *
file_content(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY);
    struct stat status;
    char *content;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    content = malloc((size_t)status.st_size + 1);
    assert_int_equal(read(fd, content, (size_t)status.st_size), status.st_size);
    close(fd);
    *length = (size_t)status.st_size;
    return content;
}

static inline bool
file_holds(const char *path, const char *text)
{
    size_t length;
    char *content = file_content(path, &length);
    bool found = memmem(content, length, text, strlen(text)) != NULL;

    free(content);
    return found;
}

/* The queue's data file. */
static inline const char *
data_path(const struct fixture *f)
{
    static char path[96];

    snprintf(path, sizeof path, "%s/data.mdb", f->folder);
    return path;
}

#endif
