/* Calls of the control socket, by the console and pumplinectl: one connection each, without
 * waiting. The program must ignore SIGPIPE while a request is sent. */
#ifndef COMMON_HTTP_UPSTREAM_H
#define COMMON_HTTP_UPSTREAM_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define UPSTREAM_REPLY_MAX (16u << 20)
#define UPSTREAM_PATIENCE_S 115 /* a dry run may take that long */

struct upstream_request {
    const char *method, *target;
    const char *by;                      /* whom it is for; NULL: the program itself */
    const char *content_type, *if_match; /* NULL: none */
    const char *body;                    /* its copy is wiped: it may contain a password */
    size_t length;
    size_t reply_max; /* 0: UPSTREAM_REPLY_MAX */
};

struct upstream_reply {
    int status; /* 0: no reply, and body says why */
    int error;  /* errno, if there was no connection */
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

/* As above for a reply that goes on: if its status is 200, what has arrived is passed on as it
 * comes (no bytes at first, with its head), and done is called when it ends. part may be NULL, and
 * returns -1 to end the call. No deadline but for silence, quiet_s; 0: none. */
struct upstream_call *upstream_follow(struct event_base *base, const char *socket_path,
                                      const struct upstream_request *request, unsigned quiet_s,
                                      int (*part)(const char *bytes, size_t length, void *arg),
                                      void (*done)(const struct upstream_reply *reply, void *arg),
                                      void *arg);

/* Gives it up: done is not called. */
void upstream_cancel(struct upstream_call *call);

#endif
