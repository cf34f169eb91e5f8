#include "common/json/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

void
json_fault_add(struct json_faults *faults, const char *file, const char *pointer,
               const char *format, ...)
{
    char text[513], cut[512]; /* one more, so that text_copy sees where to cut */
    struct json_fault *fault;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_copy(cut, sizeof cut, text);
    faults->items = mem_resize(faults->items, (faults->count + 1) * sizeof *faults->items);
    fault = &faults->items[faults->count++];
    *fault = (struct json_fault){mem_string(file), mem_string(pointer), mem_string(cut)};
    /* A file's name may be any bytes, and a member's name is cut: invalid UTF-8 cannot be put into
     * JSON. */
    text_clean(fault->file);
    text_clean(fault->pointer);
    text_clean(fault->text);
}

void
json_faults_add(struct json_faults *faults, const struct json_faults *more)
{
    for (size_t i = 0; i < more->count; i++)
        json_fault_add(faults, more->items[i].file, more->items[i].pointer, "%s",
                       more->items[i].text);
}

void
json_faults_clear(struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        free(faults->items[i].file);
        free(faults->items[i].pointer);
        free(faults->items[i].text);
    }
    free(faults->items);
    *faults = (struct json_faults){NULL, 0};
}

json_t *
json_faults_json(const struct json_faults *faults)
{
    json_t *list = json_array();

    for (size_t i = 0; i < faults->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s s:s s:s}", "file", faults->items[i].file, "pointer",
                                        faults->items[i].pointer, "detail", faults->items[i].text));
    return list;
}

/* RFC 6901: '~' and '/' in a name are escaped. */
void
json_pointer_add(char *pointer, size_t size, const char *name)
{
    size_t used = strlen(pointer);

    if (used + 1 < size)
        pointer[used++] = '/';
    for (; *name && used + 3 < size; name++) {
        if (*name == '~' || *name == '/') {
            pointer[used++] = '~';
            pointer[used++] = *name == '~' ? '0' : '1';
        } else {
            pointer[used++] = *name;
        }
    }
    pointer[used] = '\0';
}
