/* The head of a reply, written in one piece, and its body. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/err.h"
#include "common/http/internal.h"

#define HEAD_BYTES 4096          /* its parts are bounded */
#define WITHOUT_COPY_BYTES 16384 /* a shorter body is cheaper to copy behind the head */

/* RFC 9110, 5.6.7; made once a second. */
static const char *
date_text(void)
{
    static char text[40];
    static time_t made;
    time_t now = time(NULL);

    if (now != made || !*text)
        evutil_date_rfc1123(text, sizeof text, gmtime(&now));
    made = now;
    return text;
}

static size_t __attribute__((format(printf, 3, 4)))
head_add(char head[HEAD_BYTES], size_t used, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(head + used, HEAD_BYTES - used, format, arguments);
    va_end(arguments);
    if (length < 0 || used + (size_t)length >= HEAD_BYTES)
        die_abort("the head of a reply exceeds %d bytes", HEAD_BYTES);
    return used + (size_t)length;
}

static void
add_text(struct http_connection *c, const char *text, size_t length)
{
    if (evbuffer_add(bufferevent_get_output(c->bev), text, length))
        die_abort("out of memory for a reply");
}

void
http_head_add(struct http_connection *c, int status, const char *type, const struct call *call,
              long length)
{
    char kind[128], head[HEAD_BYTES];
    size_t used;

    text_copy(kind, sizeof kind, type ? type : "");
    text_clean(kind); /* it may come from a worker */
    used = head_add(head, 0, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, status_phrase(status),
                    date_text());
    if (*kind)
        used = head_add(head, used, "Content-Type: %s\r\n", kind);
    if (call && *call->header_name)
        used = head_add(head, used, "%s: %s\r\n", call->header_name, call->header_value);
    if (length >= 0)
        used = head_add(head, used, "Content-Length: %ld\r\n", length);
    else
        used = head_add(head, used, "Cache-Control: no-store\r\n%s",
                        c->old ? "" : "Transfer-Encoding: chunked\r\n");
    if (c->closing || c->old)
        used = head_add(head, used, "Connection: %s\r\n", c->closing ? "close" : "keep-alive");
    if (call && call->more_headers) {
        add_text(c, head, used);
        add_text(c, call->more_headers, strlen(call->more_headers));
        used = 0;
    }
    add_text(c, head, head_add(head, used, "\r\n"));
}

static void
free_body(const void *data, size_t length, void *body)
{
    (void)data;
    (void)length;
    free(body);
}

void
http_body_add(struct http_connection *c, struct call *call, const char *body, size_t length)
{
    char *owned = call ? call->owned : NULL;

    if (!owned || length < WITHOUT_COPY_BYTES) {
        add_text(c, body, length);
        return;
    }
    call->owned = NULL;
    if (evbuffer_add_reference(bufferevent_get_output(c->bev), owned, length, free_body, owned))
        die_abort("out of memory for a reply");
}
