/* The gate between a browser and the ERP: whether bytes may still be sent to the ERP.
 *
 * A browser repeats a request by itself. If a connection closes after the request was sent and
 * before its reply arrived, Chromium sends the same POST again on another connection, and also
 * after 408 or 421 (net/http/http_network_transaction.cc). The first one may have stored the line.
 * So from the first action of a commit on, each connection is watched, and one that ends that way
 * shuts the gate: nothing more reaches the ERP from this browser, and a look-up decides.
 *
 * A reply counts when its head is complete: until then a browser may repeat the request. If the
 * bytes are encrypted, or are not HTTP/1, a reply cannot be distinguished from a session ticket or
 * a ping: any end of a connection that has sent bytes shuts the gate.
 *
 * Owns no connection and does no I/O: worker/proxy/proxy.c moves the bytes. */
#ifndef WORKER_PROXY_GATE_H
#define WORKER_PROXY_GATE_H

#include <stdbool.h>
#include <stddef.h>

enum gate_state {
    GATE_SHUT,  /* nothing passes; the initial state */
    GATE_OPEN,  /* everything passes */
    GATE_ARMED, /* everything passes, and each connection is watched */
};

/* What is known of one connection. Zeroed initially. */
struct gate_stream {
    enum { GATE_STREAM_NEW, GATE_STREAM_HTTP, GATE_STREAM_OPAQUE } kind;
    bool sent;       /* bytes were sent since the gate was armed */
    bool reads;      /* the last request is GET or HEAD; HTTP only */
    bool answered;   /* the last request's final head has arrived; HTTP only */
    char status[13]; /* the status line of the current reply, as far as it has arrived */
    size_t status_length;
    unsigned newlines; /* at the current end of the reply's head */
};

/* Bytes are about to be sent. Returns whether they start a new HTTP request. */
bool gate_stream_up(struct gate_stream *stream, enum gate_state state, const char *bytes,
                    size_t length);

/* Bytes have arrived and are not passed on yet. Returns the status of a reply that makes a browser
 * repeat its request, or 0. */
int gate_stream_down(struct gate_stream *stream, const char *bytes, size_t length);

/* The gate is armed: what was sent before does not belong to the commit. */
void gate_stream_arm(struct gate_stream *stream);

/* Whether the end of this connection, by the browser or by the ERP, shuts an armed gate. A browser
 * that leaves a page aborts the images that are still loading, and repeats none of them. */
bool gate_stream_shuts(const struct gate_stream *stream, bool by_browser);

#endif
