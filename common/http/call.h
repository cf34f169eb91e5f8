/* One request and its one reply, whoever carries them: an HTTP connection or the channel between
 * supervisor and child. Handlers see only this, so a route answers the same on both.
 *
 * A call lives until it is replied to; call_reply, call_problem and call_stream_start consume it,
 * at once or in a later turn of the loop. A carrier whose peer has left swallows the reply. */
#ifndef COMMON_HTTP_CALL_H
#define COMMON_HTTP_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CALL_PARAMS_MAX 3
#define CALL_PARAM_BYTES 385 /* 128 bytes of value would do; percent-decoded, NUL at the end */

struct call_stream;

struct call {
    char *method; /* "GET" … in capitals, owned */
    char *path;   /* as sent: percent-encoded, starts with '/', no query, owned */
    char *query;  /* without '?', or NULL; owned */
    char *body;   /* owned, NUL-terminated, never NULL */
    size_t body_length;
    char *content_type;  /* owned, may be NULL */
    char *authorization; /* owned, may be NULL; zeroed at the end */
    char *host, *origin; /* header fields, owned, may be NULL */
    bool trusted; /* the carrier has checked who asks (control socket): no token is asked for */
    char params[CALL_PARAMS_MAX][CALL_PARAM_BYTES]; /* by route_dispatch, in the pattern's order */
    const char *tail; /* what a pattern's trailing '*' took, still encoded, without the first '/' */
    char header_name[24], header_value[104]; /* one more header of the reply; empty: none */

    /* For the handler to set before it replies: called once the last byte of the reply is with the
     * kernel; never if the peer left before. Not called by the channel. */
    void (*sent)(void *arg);
    void *sent_arg;

    /* The carrier's: sends and releases what it holds of the peer. body is borrowed; NULL: none. */
    void (*send)(struct call *call, int status, const char *content_type, const char *body,
                 size_t length);
    void *carrier;
    /* The carrier's, too: starts a stream in place of `send`, or returns NULL where there is nobody
     * to send more to (HEAD; the peer has left). NULL: it carries no streams. */
    struct call_stream *(*stream)(struct call *call, const char *content_type);
};

/* A reply whose parts are sent as they come, until one side ends it. */
struct call_stream {
    const struct call_stream_carrier *carrier;
    void (*closed)(void *arg); /* the peer has left: the stream is gone. Not from within a call of
                                  the functions below. */
    void *arg;
};

struct call_stream_carrier {
    void (*send)(struct call_stream *stream, const char *data, size_t length);
    size_t (*backlog)(const struct call_stream *stream);
    void (*end)(struct call_stream *stream);
    void (*cut)(struct call_stream *stream);
};

/* A call with copies of the strings (query, content_type, authorization, body may be NULL). */
struct call *call_new(const char *method, const char *target, const char *body, size_t body_length,
                      const char *content_type, const char *authorization);

/* Sets the reply's one further header (Allow, Retry-After, WWW-Authenticate). */
void call_header(struct call *call, const char *name, const char *value);

/* Replies with application/json; takes over body and the call. */
void call_reply(struct call *call, int status, json_t *body);

/* Replies with text of another type; takes over the call, not the text. */
void call_reply_text(struct call *call, int status, const char *content_type, const char *text,
                     size_t length);

/* Replies with application/problem+json; takes over fields (may be NULL) and the call. */
void call_problem(struct call *call, int status, const char *code, json_t *fields,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same with a problem that has members of its own (problem_json); takes over both. */
void call_problem_json(struct call *call, json_t *problem);

/* Starts a reply of status 200 that has no length. Takes over the call. NULL where nothing is to be
 * sent: the call is answered. A carrier without streams: 501. */
struct call_stream *call_stream_start(struct call *call, const char *content_type,
                                      void (*closed)(void *arg), void *arg);

/* Queues data (borrowed) without a limit: check the backlog before you send. */
void call_stream_send(struct call_stream *stream, const char *data, size_t length);

/* Bytes that are queued and not yet with the kernel. */
size_t call_stream_backlog(const struct call_stream *stream);

/* The reply is complete; what is queued still goes out. `closed` is not called; the stream is gone.
 */
void call_stream_end(struct call_stream *stream);

/* The same, at once and without what is queued: the peer sees a reply that was cut off. */
void call_stream_cut(struct call_stream *stream);

/* Whether the body may be read as JSON: application/json, or on a trusted carrier no type at all.
 */
bool call_is_json(const struct call *call);

/* The body, which must be a JSON object, as a new reference; NULL where it is none, and then the
 * call has been replied to: 415 (not on a trusted carrier), 400 "invalid_json". */
json_t *call_object(struct call *call);

/* The problem object of RFC 9457; takes over fields; the caller owns the result. */
json_t *problem_json(int status, const char *code, json_t *fields, const char *detail);

/* The standard reason phrase of a status. */
const char *status_phrase(int status);

/* Copies the percent-decoded value of a query parameter ('+' is a space). Returns 1, 0 where it is
 * absent, -1 where it is badly encoded, holds NUL or does not fit. */
int call_query(const struct call *call, const char *name, char *value, size_t size);

/* A query parameter that is a whole number. Returns 0, with *number as it was where the parameter
 * is absent; -1: no number in minimum…maximum. */
int call_query_number(const struct call *call, const char *name, unsigned minimum, unsigned maximum,
                      unsigned *number);

#endif
