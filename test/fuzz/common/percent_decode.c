/* Decoded text encodes back to the same, within the given buffer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = size ? data[0] + 1u : 1;
    char *text = malloc(room), *again = malloc(room), *encoded;

    if (size && percent_decode((const char *)data + 1, size - 1, text, room, data[0] & 1) == 0) {
        encoded = percent_encode(text);
        if (percent_decode(encoded, strlen(encoded), again, room, true) || strcmp(text, again))
            abort();
        free(encoded);
    }
    free(text);
    free(again);
    return 0;
}
