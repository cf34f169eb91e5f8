/* The server's half of SOCKS5 (RFC 1928), as far as a browser uses it: no authentication, CONNECT.
 */
#ifndef WORKER_PROXY_SOCKS_H
#define WORKER_PROXY_SOCKS_H

#include <stddef.h>
#include <stdint.h>

#define SOCKS_HOST_BYTES 256

/* Values of REP in RFC 1928. */
enum socks_reply {
    SOCKS_GRANTED = 0,
    SOCKS_FAILED = 1,
    SOCKS_NOT_ALLOWED = 2,
    SOCKS_HOST_UNREACHABLE = 4,
    SOCKS_REFUSED = 5,
    SOCKS_COMMAND_UNKNOWN = 7,
    SOCKS_ADDRESS_UNKNOWN = 8
};

struct socks_target {
    char host[SOCKS_HOST_BYTES]; /* a name or a numeric address, without brackets */
    uint16_t port;
};

#define SOCKS_ANSWER_BYTES 10

/* Each takes what has come so far and returns how many bytes of it are the message, 0 where more
 * are needed, or -1: the peer does not speak SOCKS5, and is cut off. */

int socks_greeting(const unsigned char *bytes, size_t length);

/* *refused is SOCKS_GRANTED where target is filled, or else what to answer. */
int socks_request(const unsigned char *bytes, size_t length, struct socks_target *target,
                  enum socks_reply *refused);

/* The answer to a greeting, 2 bytes. */
extern const unsigned char socks_no_authentication[2];

void socks_answer(enum socks_reply reply, unsigned char answer[SOCKS_ANSWER_BYTES]);

#endif
