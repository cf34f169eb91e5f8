/* Limits of an HTTP server. Plain numbers, so that the configuration can fill them in; none is 0.
 */
#ifndef COMMON_HTTP_LIMITS_H
#define COMMON_HTTP_LIMITS_H

struct http_limits {
    unsigned connections;          /* in total; beyond, the oldest idle one is closed */
    unsigned connections_per_peer; /* from one address (IPv6: one /64), or by one user */
    unsigned target_bytes;         /* longer: 414 */
    unsigned header_bytes;         /* all header fields with line ends; more: 431 */
    unsigned header_count;         /* more: 431 */
    unsigned body_bytes;           /* more: 413 */
    unsigned queued_bytes;         /* bytes of unsent replies; beyond, requests get 503 */
    unsigned head_ms;  /* from a request's first byte to the end of its head; then 408 */
    unsigned body_ms;  /* from there to its last byte; then 408 */
    unsigned idle_ms;  /* a connection without a request is closed */
    unsigned reply_ms; /* a reply that has not been read by then is aborted */
};

#endif
