/* Addresses of servers: resolved by the supervisor, since this process has no sockets for it and
 * may not read the resolver's files.
 *
 * Only names in the workshop's own configuration are answered. An answer is valid for
 * NAMES_FRESH_MS; if the next question fails, the last answer stays in use. */
#ifndef WORKER_IO_NAMES_H
#define WORKER_IO_NAMES_H

#include <event2/event.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stddef.h>

#define NAMES_FRESH_MS 30000
#define NAMES_PATIENCE_MS 25000
#define NAMES_ADDRESSES_MAX 16

struct names;
struct names_wait;

struct names_answer {
    size_t count;                                          /* 0: none; error says why */
    char addresses[NAMES_ADDRESSES_MAX][INET6_ADDRSTRLEN]; /* IPv4, or IPv6 without brackets */
    const char *error;
};

/* ask: sends the question to the supervisor; names_answered passes the answer. */
struct names *names_new(struct event_base *base,
                        void (*ask)(unsigned id, const char *name, void *arg), void *arg);

/* Waiting callers are dropped silently. NULL is allowed. */
void names_free(struct names *names);

/* Calls done once, never from inside this function, with an answer that is valid during the call.
 * An address is its own answer. */
struct names_wait *names_resolve(struct names *names, const char *name,
                                 void (*done)(const struct names_answer *answer, void *arg),
                                 void *arg);

/* done is not called. */
void names_cancel(struct names_wait *wait);

/* The supervisor's answer: {"id", "addresses": […], "error"}. */
void names_answered(struct names *names, const json_t *message);

#endif
