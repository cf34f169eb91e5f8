/* A small table, searched linearly: writing a line costs far more. */
#include "common/base/log_limit.h"

#include "common/base/err.h"

#define KINDS 64
#define QUIET_MS 3000

static struct log_kind kinds[KINDS];

/* The entry of this format, or the least recently used entry that suppressed nothing. */
static struct log_kind *
kind_of(const char *format)
{
    struct log_kind *oldest = &kinds[0];

    for (struct log_kind *kind = kinds; kind < kinds + KINDS; kind++) {
        if (kind->format == format)
            return kind;
        if (!kind->left_out && (oldest->left_out || kind->last_ms < oldest->last_ms))
            oldest = kind;
    }
    *oldest = (struct log_kind){.format = format};
    return oldest;
}

struct log_kind *
log_limit(const char *format, int file, const char *message, int64_t now_ms)
{
    struct log_kind *kind = kind_of(format);

    kind->last_ms = now_ms;
    if (kind->due_ms < now_ms)
        kind->due_ms = now_ms;
    if (kind->due_ms - now_ms <= (LOG_LIMIT_BURST - 1LL) * LOG_LIMIT_EACH_MS) {
        kind->due_ms += LOG_LIMIT_EACH_MS;
        return kind;
    }
    kind->left_out++;
    kind->file = file;
    text_copy(kind->example, sizeof kind->example, message);
    return NULL;
}

struct log_kind *
log_limit_quiet(int64_t now_ms, bool all)
{
    for (struct log_kind *kind = kinds; kind < kinds + KINDS; kind++)
        if (kind->left_out && (all || now_ms - kind->last_ms >= QUIET_MS))
            return kind;
    return NULL;
}
