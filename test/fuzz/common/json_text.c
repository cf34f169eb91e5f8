/* JSON text: a value that is read is read the same from its own serialisation; an error has a
 * position and a reason without quotes from the text. */
#include "common/json/text.h"
#include "test/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

static void
read_again(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    struct err err;
    json_t *again = json_text_read(text, strlen(text), JSON_DECODE_ANY, &err);

    REQUIRE(json_equal(value, again));
    json_decref(again);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {.code = ""};
    size_t mark = json_text_mark((const char *)data, size);
    json_t *value = json_text_read((const char *)data, size, 0, &err);
    int line, column;

    REQUIRE(mark == 0 || mark == 3);
    if (value) {
        REQUIRE(!memchr(data, '\0', size));
        read_again(value);
    } else {
        REQUIRE(strcmp(err.code, "invalid_json") == 0);
        REQUIRE(sscanf(err.text, "line %d, column %d: ", &line, &column) == 2);
        REQUIRE(line == -1 || (line >= 1 && (size_t)line <= size + 1));
        REQUIRE(column <= (int)size + 1);
    }
    json_decref(value);
    return 0;
}
