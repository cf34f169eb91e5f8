/* A request is parsed the same however its bytes are split. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {
    .target_bytes = 64, .header_bytes = 512, .header_count = 8, .body_bytes = 64};

static size_t
read_in_pieces(struct http_request *r, const uint8_t *data, size_t size, size_t piece)
{
    struct evbuffer *input = evbuffer_new();
    size_t left;

    r->limits = &limits;
    for (size_t at = 0; at < size && !r->status && !r->complete; at += piece) {
        evbuffer_add(input, data + at, at + piece < size ? piece : size - at);
        http_request_read(r, input);
    }
    left = evbuffer_get_length(input);
    evbuffer_free(input);
    return left;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request whole = {0}, pieces = {0};

    read_in_pieces(&whole, data, size, size + 1);
    if (read_in_pieces(&pieces, data, size, 1) && pieces.complete && !pieces.status)
        abort(); /* it ends with its last byte */
    if (whole.status != pieces.status || whole.body_length > limits.body_bytes)
        abort();
    if (!whole.status && whole.complete &&
        (!pieces.complete || strcmp(whole.target, pieces.target) || whole.target[0] != '/' ||
         whole.body_length != pieces.body_length ||
         (whole.body && memcmp(whole.body, pieces.body, whole.body_length))))
        abort();
    http_request_clear(&whole);
    http_request_clear(&pieces);
    return 0;
}
