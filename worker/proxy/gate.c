/* Parses HTTP/1 just far enough to find the end of a reply's head. */
#include "worker/proxy/gate.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_BYTES 12 /* "HTTP/1.1 200" */
#define SWITCHING_PROTOCOLS 101

/* After these Chromium repeats a request on another connection: 408 and 421 always where the
 * connection was kept, 425 with early data. */
static const int repeated[] = {408, 421, 425};

static bool
is_method(char first)
{
    return first >= 'A' && first <= 'Z';
}

static bool
is_read(const char *bytes, size_t length)
{
    return (length >= 4 && memcmp(bytes, "GET ", 4) == 0) ||
           (length >= 5 && memcmp(bytes, "HEAD ", 5) == 0);
}

static void
expect_reply(struct gate_stream *stream)
{
    stream->answered = false;
    stream->status_length = 0;
    stream->newlines = 0;
}

bool
gate_stream_up(struct gate_stream *stream, enum gate_state state, const char *bytes, size_t length)
{
    bool begins = stream->kind == GATE_STREAM_HTTP && stream->answered;

    if (!length)
        return false;
    if (stream->kind == GATE_STREAM_NEW) {
        begins = is_method(*bytes);
        stream->kind = begins ? GATE_STREAM_HTTP : GATE_STREAM_OPAQUE;
    }
    if (begins)
        stream->reads = is_read(bytes, length);
    stream->sent |= state == GATE_ARMED;
    expect_reply(stream);
    return begins;
}

void
gate_stream_arm(struct gate_stream *stream)
{
    stream->sent = false;
}

/* 0: not HTTP/1. */
static int
status_of(const struct gate_stream *stream)
{
    return strncmp(stream->status, "HTTP/1.", 7) == 0 && stream->status[8] == ' '
               ? (int)strtol(stream->status + 9, NULL, 10)
               : 0;
}

static bool
is_repeated(int status)
{
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++)
        if (repeated[i] == status)
            return true;
    return false;
}

/* The status line is complete. Returns what gate_stream_down returns. */
static int
take_status(struct gate_stream *stream)
{
    int status = status_of(stream);

    if (!status || status == SWITCHING_PROTOCOLS)
        stream->kind = GATE_STREAM_OPAQUE;
    return is_repeated(status) ? status : 0;
}

/* An empty line: the head is complete, and final unless it is 1xx. */
static void
take_head_byte(struct gate_stream *stream, char byte)
{
    if (byte == '\n')
        stream->newlines++;
    else if (byte != '\r')
        stream->newlines = 0;
    if (stream->newlines < 2)
        return;
    if (status_of(stream) >= 200)
        stream->answered = true;
    else
        expect_reply(stream);
}

int
gate_stream_down(struct gate_stream *stream, const char *bytes, size_t length)
{
    int status = 0;

    for (size_t i = 0; i < length; i++) {
        if (stream->kind != GATE_STREAM_HTTP || stream->answered || status)
            break;
        if (stream->status_length == STATUS_BYTES) {
            take_head_byte(stream, bytes[i]);
            continue;
        }
        stream->status[stream->status_length++] = bytes[i];
        if (stream->status_length == STATUS_BYTES)
            status = take_status(stream);
    }
    return status;
}

bool
gate_stream_shuts(const struct gate_stream *stream, bool by_browser)
{
    bool harmless = stream->answered || (by_browser && stream->reads);

    return stream->sent && !(stream->kind == GATE_STREAM_HTTP && harmless);
}
