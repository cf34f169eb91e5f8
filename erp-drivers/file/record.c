/* Records are compared by value, not byte by byte: another program may have saved the files in an
 * importer's folder. */
#include "erp-drivers/file/record.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_PREFIX_BYTES 80
#define NAME_HASH_BYTES 16
#define SAFE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const char *const file_columns[] = {"uniqueid",   "workshop",       "worksheet",
                                           "product_nr", "product_amount", "placed_at"};

void
file_format_read(struct file_format *format, const json_t *erp)
{
    const char *kind = json_string_value(json_object_get(erp, "format"));
    const char *delimiter = json_string_value(json_object_get(erp, "delimiter"));
    const json_t *header = json_object_get(erp, "header");

    format->json = kind && strcmp(kind, "json") == 0;
    format->delimiter = (char)(delimiter ? *delimiter : ',');
    format->header = !json_is_false(header);
    format->columns = json_object_get(erp, "columns");
}

static size_t
column_count(const struct file_format *format)
{
    return format->columns ? json_array_size(format->columns)
                           : sizeof file_columns / sizeof *file_columns;
}

static const char *
column_name(const struct file_format *format, size_t i)
{
    return format->columns ? json_string_value(json_array_get(format->columns, i))
                           : file_columns[i];
}

/* --- writing --- */

static void
csv_field(FILE *out, const struct file_format *format, size_t i, const char *value)
{
    const char special[] = {'"', '\r', '\n', format->delimiter, '\0'};
    bool quoted = strpbrk(value, special);

    if (i)
        fputc(format->delimiter, out);
    if (quoted)
        fputc('"', out);
    for (; *value; value++) {
        if (*value == '"')
            fputc('"', out);
        fputc(*value, out);
    }
    if (quoted)
        fputc('"', out);
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void
write_csv(FILE *out, const struct file_format *format, const json_t *values)
{
    for (size_t i = 0; format->header && i < column_count(format); i++)
        csv_field(out, format, i, column_name(format, i));
    if (format->header)
        fputs("\r\n", out);
    for (size_t i = 0; i < column_count(format); i++)
        csv_field(out, format, i, text_of(values, column_name(format, i)));
    fputs("\r\n", out);
}

static void
write_json(FILE *out, const struct file_format *format, const json_t *values)
{
    json_t *object = json_object();

    for (size_t i = 0; i < column_count(format); i++)
        json_object_set_new(object, column_name(format, i),
                            json_string(text_of(values, column_name(format, i))));
    json_dumpf(object, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(object);
}

char *
file_record(const struct file_format *format, const struct order *order, const char *workshop)
{
    json_t *values = order_json(order, workshop);
    char *content = NULL;
    size_t length;
    FILE *out = open_memstream(&content, &length);

    if (!out || !values)
        die_abort("out of memory");
    (format->json ? write_json : write_csv)(out, format, values);
    if (fclose(out))
        die_abort("out of memory");
    json_decref(values);
    return content;
}

/* --- reading --- */

struct csv {
    const char *at, *end;
    char delimiter;
};

/* One field; *at is set to its end, at a delimiter, a line's end or the file's end. */
static json_t *
csv_take_field(struct csv *csv)
{
    size_t length = 0;
    char *text = mem_alloc((size_t)(csv->end - csv->at) + 1);
    bool quoted = csv->at < csv->end && *csv->at == '"';
    json_t *field;

    for (csv->at += quoted; csv->at < csv->end; csv->at++) {
        if (quoted && *csv->at == '"' && (++csv->at >= csv->end || *csv->at != '"'))
            break;
        if (!quoted && (*csv->at == csv->delimiter || *csv->at == '\r' || *csv->at == '\n'))
            break;
        text[length++] = *csv->at;
    }
    field = json_stringn(text, length);
    free(text);
    return field;
}

/* One line as the members of an object, by the indexes of the columns; NULL if it has other
 * columns. */
static json_t *
csv_take_line(struct csv *csv, const struct file_format *format)
{
    json_t *values = json_object();
    size_t i = 0;

    do {
        json_t *field = csv_take_field(csv);

        if (i < column_count(format))
            json_object_set_new(values, column_name(format, i), field);
        else
            json_decref(field);
        i++;
    } while (csv->at < csv->end && *csv->at == csv->delimiter && csv->at++);
    while (csv->at < csv->end && (*csv->at == '\r' || *csv->at == '\n'))
        csv->at++;
    if (i == column_count(format))
        return values;
    json_decref(values);
    return NULL;
}

static json_t *
read_csv(const struct file_format *format, const char *content, size_t length)
{
    struct csv csv = {content, content + length, format->delimiter};
    json_t *values;

    if (format->header)
        json_decref(csv_take_line(&csv, format));
    values = csv_take_line(&csv, format);
    if (csv.at == csv.end)
        return values;
    json_decref(values);
    return NULL;
}

static bool
value_same(const char *column, const char *value, const struct order *order, const char *workshop)
{
    if (strcmp(column, "workshop") == 0)
        return strcmp(value, workshop) == 0;
    if (strcmp(column, "uniqueid") == 0)
        return strcmp(value, order->uniqueid) == 0;
    if (strcmp(column, "worksheet") == 0)
        return strcmp(value, order->worksheet) == 0;
    if (strcmp(column, "product_nr") == 0)
        return strcmp(value, order->product_nr) == 0;
    if (strcmp(column, "product_amount") == 0)
        return amount_valid(value) && amount_equal(value, order->product_amount);
    return true;
}

bool
file_record_same(const struct file_format *format, const char *content, size_t length,
                 const struct order *order, const char *workshop)
{
    json_t *values = format->json ? json_loadb(content, length, JSON_REJECT_DUPLICATES, NULL)
                                  : read_csv(format, content, length);
    bool same = json_is_object(values);

    for (size_t i = 0; same && i < column_count(format); i++)
        same = value_same(column_name(format, i), text_of(values, column_name(format, i)), order,
                          workshop);
    json_decref(values);
    return same;
}

/* --- the name --- */

/* No other name contains '~', so a shortened name is unique. */
static char *
shortened(const char *name, const char *uniqueid)
{
    unsigned char hash[NAME_HASH_BYTES];
    char text[2 * NAME_HASH_BYTES + 1];

    crypto_generichash(hash, sizeof hash, (const unsigned char *)uniqueid, strlen(uniqueid), NULL,
                       0);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    return mem_format("%.*s~%s", NAME_PREFIX_BYTES, name, text);
}

char *
file_record_name(const char *uniqueid)
{
    char *name = mem_alloc(3 * strlen(uniqueid) + 1), *to = name, *brief;

    for (const char *from = uniqueid; *from; from++)
        if (strchr(SAFE, *from) && (*from != '.' || from > uniqueid))
            *to++ = *from;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*from);
    if (strlen(name) <= FILE_NAME_MAX)
        return name;
    brief = shortened(name, uniqueid);
    free(name);
    return brief;
}
