/* In a document that jansson accepts, the text found for a number is the one that jansson parsed.
 */
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *text, size_t size, const json_t *document)
{
    char number[4096], plain[4096];
    const json_t *value = json_object_get(document, "a");
    bool found = json_number_text(text, size, "a", number, sizeof number);

    if (found != json_is_number(value) && size < sizeof number)
        abort();
    if (found && strtod(number, NULL) != json_number_value(value))
        abort();
    if (found && json_number_plain(number, plain, sizeof plain) &&
        strtod(plain, NULL) != json_number_value(value))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *document = json_loadb(text, size, flags, NULL), *quoted;
    char *copy = json_number_mark(text, size);

    if (json_is_object(document) && !memchr(text, '\0', size)) {
        check(text, size, document);
        quoted = json_loads(copy, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
                            NULL);
        if (json_object_size(quoted) != json_object_size(document))
            abort();
        json_decref(quoted);
    }
    json_decref(document);
    free(copy);
    return 0;
}
