/* Calls of the control socket: one connection each, without waiting. */
#ifndef SUPERVISOR_CONSOLE_UPSTREAM_UPSTREAM_H
#define SUPERVISOR_CONSOLE_UPSTREAM_UPSTREAM_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define UPSTREAM_REPLY_MAX (16u << 20)
#define UPSTREAM_PATIENCE_S 115 /* a dry run may take that long */

struct upstream_request {
    const char *method, *target;
    const char *by;                      /* whom it is for; NULL: the console itself */
    const char *content_type, *if_match; /* NULL: none */
    const char *body;
    size_t length;
};

struct upstream_reply {
    int status; /* 0: no reply, and body says why */
    char content_type[128], etag[80], allow[64], retry_after[16];
    const char *body; /* valid during the call, NUL-terminated */
    size_t length;
};

struct upstream_call;

/* done is called once, never from within. Everything is copied. */
struct upstream_call *upstream_send(struct event_base *base, const char *socket_path,
                                    const struct upstream_request *request,
                                    void (*done)(const struct upstream_reply *reply, void *arg),
                                    void *arg);

/* As above for a reply that goes on: what has arrived is passed on as it comes, and done is called
 * when it ends. No deadline but for silence, quiet_s. */
struct upstream_call *upstream_follow(struct event_base *base, const char *socket_path,
                                      const struct upstream_request *request, unsigned quiet_s,
                                      int (*part)(const char *bytes, size_t length, void *arg),
                                      void (*done)(const struct upstream_reply *reply, void *arg),
                                      void *arg);

/* Gives it up: done is not called. */
void upstream_cancel(struct upstream_call *call);

#endif
