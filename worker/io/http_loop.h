/* Internals of the HTTP client: its state, libcurl's options and its event handling. For http.c,
 * http_options.c and http_loop.c only. */
#ifndef WORKER_IO_HTTP_LOOP_H
#define WORKER_IO_HTTP_LOOP_H

#include <event2/event.h>

#include "worker/io/curl_api.h"
#include "worker/io/http.h"
#include "worker/io/names.h"
#include "worker/io/own_driver.h"

#define HTTP_SOCKETS_MAX 64

struct http {
    struct event_base *base;
    const char *ca_file, *ca;
    const struct curl_api *api; /* NULL until the first request */
    CURLM *multi;
    struct event *timer;
    struct event *deliver; /* calls back outside of libcurl's own callbacks */
    struct http_transfer *transfers;
    struct names *names;
    struct own_driver *driver;
    const struct host_pattern *hosts; /* NULL: any */
    size_t host_count, reply_bytes_max;
    int sockets[HTTP_SOCKETS_MAX]; /* that libcurl waits for; 0: none. Further ones are not noted */
};

struct http_transfer {
    struct http *http;
    struct http_transfer *next;
    CURL *easy; /* NULL where libcurl is missing */
    struct curl_slist *headers, *resolved;
    struct names_wait *wait;      /* for the server's address; NULL: it is on its way */
    char *server;                 /* HOST:PORT, as libcurl knows it */
    struct evbuffer *body, *head; /* head: the fields of the last one */
    size_t head_bytes;
    bool head_ended;
    void (*done)(const struct erp_reply *reply, void *arg);
    void *arg;
    bool finished;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

/* Loads libcurl if necessary. -1 with *err. */
int http_loop_load(struct http *http, struct err *err);

/* Sets all options of a new transfer; the request is borrowed until its end. */
void http_options_set(struct http_transfer *transfer, const struct erp_request *request);

/* The callback of http->timer. */
void http_loop_on_timer(evutil_socket_t fd, short what, void *arg);

#endif
