/* One row for each key, in a table by name; amounts in whole numbers. */
#include "worker/find/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define MICRO 1000000u
#define MICRO_DIGITS 6
#define SUM_BYTES 32

struct sum {
    uint64_t whole;
    uint32_t micro;
};

enum figure { PLACED, CREATED, WAITING, FAILED, BY_HAND, WRITTEN_OFF, FIGURES };

static const char *const figure_names[FIGURES] = {"placed", "created", "waiting",
                                                  "error",  "by_hand", "written_off"};
static const char *const by_names[] = {"product", "worksheet", "day"};

struct row {
    char key[ORDER_VALUE_MAX + 1];
    unsigned orders;
    struct sum sums[FIGURES];
};

struct report {
    enum report_by by;
    json_t *indices; /* key → index in rows */
    struct row *rows;
    size_t count, size, keys_bytes;
    struct row total;
};

int
report_by_parse(const char *name, enum report_by *by)
{
    for (size_t i = 0; i < sizeof by_names / sizeof *by_names; i++)
        if (strcmp(by_names[i], name) == 0) {
            *by = (enum report_by)i;
            return 0;
        }
    return -1;
}

struct report *
report_new(enum report_by by)
{
    struct report *report = mem_alloc(sizeof *report);

    report->by = by;
    report->indices = json_object();
    return report;
}

void
report_free(struct report *report)
{
    json_decref(report->indices);
    free(report->rows);
    free(report);
}

/* --- adding --- */

/* A valid amount has at most nine digits before the point, and six after it but for zeros. */
static void
sum_add(struct sum *sum, const char *amount)
{
    const char *point = strchr(amount, '.');
    uint32_t micro = 0;

    for (int i = 1; i <= MICRO_DIGITS; i++)
        if (point && point[i])
            micro = micro * 10 + (uint32_t)(point[i] - '0');
        else {
            point = NULL;
            micro *= 10;
        }
    sum->whole += strtoull(amount, NULL, 10);
    sum->micro += micro;
    sum->whole += sum->micro / MICRO;
    sum->micro %= MICRO;
}

static enum figure
figure_of(const struct order *order)
{
    if (order->status == ORDER_CREATED)
        return order->by_hand ? BY_HAND : CREATED;
    if (order->status == ORDER_ERROR)
        return order_needs_attention(order) ? FAILED : WRITTEN_OFF;
    return WAITING;
}

static void
row_add(struct row *row, const struct order *order)
{
    row->orders++;
    sum_add(&row->sums[PLACED], order->product_amount);
    sum_add(&row->sums[figure_of(order)], order->product_amount);
}

static const char *
key_of(const struct report *report, const struct order *order, char day[CLOCK_TEXT_BYTES])
{
    if (report->by == REPORT_PRODUCT)
        return order->product_nr;
    if (report->by == REPORT_WORKSHEET)
        return order->worksheet;
    clock_text(order->placed_ms, day);
    day[strlen("2026-11-24")] = '\0';
    return day;
}

static struct row *
row_new(struct report *report, const char *key)
{
    report->keys_bytes += strlen(key);
    if (report->count == REPORT_ROWS_MAX || report->keys_bytes > REPORT_KEYS_MAX)
        return NULL;
    if (report->count == report->size) {
        report->size = report->size ? report->size * 2 : 64;
        report->rows = mem_resize(report->rows, report->size * sizeof *report->rows);
    }
    json_object_set_new(report->indices, key, json_integer((json_int_t)report->count));
    report->rows[report->count] = (struct row){.orders = 0};
    text_copy(report->rows[report->count].key, sizeof report->rows->key, key);
    return &report->rows[report->count++];
}

bool
report_add(struct report *report, const struct order *order)
{
    char day[CLOCK_TEXT_BYTES];
    const char *key = key_of(report, order, day);
    const json_t *index = json_object_get(report->indices, key);
    struct row *row = index ? &report->rows[json_integer_value(index)] : row_new(report, key);

    if (!row)
        return false;
    row_add(row, order);
    row_add(&report->total, order);
    return true;
}

/* --- showing --- */

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

/* A copy in the order of its keys; the indices stay as they are. */
static struct row *
sorted(const struct report *report)
{
    struct row *rows = mem_alloc((report->count + 1) * sizeof *rows);

    if (report->count)
        memcpy(rows, report->rows, report->count * sizeof *rows);
    qsort(rows, report->count, sizeof *rows, by_key);
    return rows;
}

static const char *
sum_text(const struct sum *sum, char text[SUM_BYTES])
{
    int length = snprintf(text, SUM_BYTES, "%" PRIu64 ".%06" PRIu32, sum->whole, sum->micro);

    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[--length] = '\0';
    return text;
}

static json_t *
row_json(const struct row *row, const char *by)
{
    json_t *object = by ? json_pack("{s:s}", by, row->key) : json_object();
    char text[SUM_BYTES];

    json_object_set_new(object, "orders", json_integer(row->orders));
    for (int i = 0; i < FIGURES; i++)
        json_object_set_new(object, figure_names[i], json_string(sum_text(&row->sums[i], text)));
    return object;
}

json_t *
report_json(const struct report *report)
{
    struct row *rows = sorted(report);
    json_t *array = json_array();

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(array, row_json(&rows[i], by_names[report->by]));
    free(rows);
    return json_pack("{s:o s:o}", "rows", array, "total", row_json(&report->total, NULL));
}

static void
put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void
put_row(FILE *out, const struct row *row)
{
    char text[SUM_BYTES];

    put_quoted(out, row->key);
    fprintf(out, ",%u", row->orders);
    for (int i = 0; i < FIGURES; i++)
        fprintf(out, ",%s", sum_text(&row->sums[i], text));
    fputs("\r\n", out);
}

char *
report_csv(const struct report *report, size_t *length)
{
    struct row *rows = sorted(report);
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    if (!out)
        die_abort("out of memory for a report");
    fprintf(out, "%s,orders", by_names[report->by]);
    for (int i = 0; i < FIGURES; i++)
        fprintf(out, ",%s", figure_names[i]);
    fputs("\r\n", out);
    for (size_t i = 0; i < report->count; i++)
        put_row(out, &rows[i]);
    fclose(out);
    free(rows);
    return text;
}
