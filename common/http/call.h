/* One request and its reply, over any carrier: an HTTP connection or the channel between supervisor
 * and child. Handlers see only this, so a route behaves the same on both.
 *
 * A call lives until it is replied to; call_reply, call_problem and call_stream_start consume it,
 * at once or in a later turn of the loop. If the peer has gone, the carrier discards the reply. */
#ifndef COMMON_HTTP_CALL_H
#define COMMON_HTTP_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/json/author.h"

#define CALL_PARAMS_MAX 3
#define CALL_PARAM_BYTES 385 /* 128 bytes of value would do; percent-decoded, NUL-terminated */

struct call_stream;

/* Header fields that only some servers look at. */
enum call_field {
    CALL_COOKIE,
    CALL_ACCEPT_ENCODING,
    CALL_REMOTE_USER,
    CALL_FORWARDED_FOR,
    CALL_ACCEPT,
    CALL_LAST_EVENT_ID,
    CALL_FIELDS
};

struct call {
    char *method; /* "GET" … in upper case, owned */
    char *path;   /* as sent: percent-encoded, starts with '/', no query, owned */
    char *query;  /* without '?', or NULL; owned */
    char *body;   /* owned, NUL-terminated, never NULL */
    size_t body_length;
    char *content_type;        /* owned, may be NULL */
    char *authorization;       /* owned, may be NULL; zeroed when freed */
    char *host, *origin;       /* header fields, owned, may be NULL */
    char *fields[CALL_FIELDS]; /* owned, may be NULL; zeroed when freed */
    char *if_match, *acts_for; /* If-Match and Pumpline-By: owned, may be NULL */
    struct author by;          /* who it is, as far as the carrier or the access check knows */
    bool trusted; /* the carrier has authenticated the peer (control socket): no token is needed */
    unsigned uid; /* the user at the other end of a Unix socket */
    const char *address; /* of a TCP peer, numeric; the carrier's own; NULL: not over TCP */
    char params[CALL_PARAMS_MAX][CALL_PARAM_BYTES]; /* by route_dispatch, in the pattern's order */
    const char *tail; /* what a trailing '*' matched, still encoded, without the leading '/' */
    char header_name[24], header_value[104]; /* one additional header of the reply; empty: none */
    char *more_headers; /* more of them, as whole lines with CR LF; owned, may be NULL */

    /* Set by the code that hands the call to its handler: sees the reply before it is sent, once.
     * Not called for streams. */
    void (*observe)(const struct call *call, int status, const char *body, size_t length);
    void *observer;

    /* Set by the handler before it replies: called once the last byte of the reply has been passed
     * to the kernel; never if the peer has gone before. Not called by the channel. */
    void (*sent)(void *arg);
    void *sent_arg;

    /* Set by the carrier: sends the reply and releases what it holds for the peer. body is
     * borrowed; NULL: none. */
    void (*send)(struct call *call, int status, const char *content_type, const char *body,
                 size_t length);
    /* The same body if the call owns it; NULL: it does not. A carrier that takes it over sets NULL.
     */
    char *owned;
    void *carrier;
    /* Set by the carrier, too: starts a stream instead of `send`, or returns NULL if nothing can be
     * sent (HEAD; the peer has gone). NULL: no streams are supported. */
    struct call_stream *(*stream)(struct call *call, const char *content_type);
};

/* A reply whose parts are sent as they become available, until one side ends it. */
struct call_stream {
    const struct call_stream_carrier *carrier;
    void (*closed)(void *arg); /* the peer has gone and the stream is freed. Never called from
                                  within the functions below. */
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

/* Sets the reply's additional header (Allow, Retry-After, WWW-Authenticate). */
void call_header(struct call *call, const char *name, const char *value);

/* Adds one more header of any length, over HTTP only; name and value are the program's own. */
void call_header_add(struct call *call, const char *name, const char *value);

/* Replies with application/json; takes over body and the call. */
void call_reply(struct call *call, int status, json_t *body);

/* Replies with text of another type; takes over the call, not the text. */
void call_reply_text(struct call *call, int status, const char *content_type, const char *text,
                     size_t length);

/* The same, but takes over the text, which malloc allocated: a long one is sent without a copy. */
void call_reply_owned(struct call *call, int status, const char *content_type, char *text,
                      size_t length);

/* Replies with application/problem+json; takes over fields (may be NULL) and the call. */
void call_problem(struct call *call, int status, const char *code, json_t *fields,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same with a problem that already contains its additional members (problem_json); takes over
 * both. */
void call_problem_json(struct call *call, json_t *problem);

/* Starts a reply of status 200 without a length. Takes over the call. NULL if nothing is to be
 * sent: the call has been answered. A carrier without streams: 501. */
struct call_stream *call_stream_start(struct call *call, const char *content_type,
                                      void (*closed)(void *arg), void *arg);

/* Queues data (borrowed) without a limit: check the backlog before sending. */
void call_stream_send(struct call_stream *stream, const char *data, size_t length);

/* Bytes queued but not yet passed to the kernel. */
size_t call_stream_backlog(const struct call_stream *stream);

/* Completes the reply; queued data is still sent. `closed` is not called; the stream is freed. */
void call_stream_end(struct call_stream *stream);

/* Ends it at once and drops queued data: the peer sees a truncated reply. */
void call_stream_cut(struct call_stream *stream);

/* Whether the body may be read as JSON: application/json, or on a trusted carrier also no type at
 * all. */
bool call_is_json(const struct call *call);

/* The body, which must be a JSON object, as a new reference. NULL if it is not, and then the call
 * has been replied to: 415 (not on a trusted carrier) or 400 "invalid_json". */
json_t *call_object(struct call *call);

/* For a call that takes no body: whether there is none, or an empty object. False: replied to. */
bool call_bare(struct call *call);

/* The problem object of RFC 9457; takes over fields; the caller owns the result. */
json_t *problem_json(int status, const char *code, json_t *fields, const char *detail);

/* The code of a reply that is a problem, for the caller to own; NULL: it is none. */
json_t *problem_code(int status, const char *body, size_t length);

/* The standard reason phrase of a status. */
const char *status_phrase(int status);

/* Copies the percent-decoded value of a query parameter ('+' is a space). Returns 1, 0 if it is
 * absent, -1 if it is badly encoded, contains NUL or does not fit. */
int call_query(const struct call *call, const char *name, char *value, size_t size);

/* Whether a name is among these, which are separated by spaces. */
bool call_query_named(const char *names, const char *name);

/* Whether the query has no other parameters than those named in known, separated by spaces. If it
 * has, the call has been replied to: 400 "unknown_parameter". */
bool call_query_only(struct call *call, const char *known);

/* "?a=1&b=2": the call's query without these parameters (separated by spaces); empty if nothing is
 * left. The caller frees it. */
char *call_query_without(const struct call *call, const char *names);

/* A query parameter that is true or false; absent is false. -1: neither; the call has been replied
 * to. */
int call_query_truth(struct call *call, const char *name);

/* A query parameter that is an integer. Returns 0, with *number unchanged if the parameter is
 * absent; -1: not an integer in minimum…maximum. */
int call_query_number(const struct call *call, const char *name, unsigned minimum, unsigned maximum,
                      unsigned *number);

#endif
