/* The server's half of SOCKS5 (RFC 1928), as far as browsers use it: no authentication, CONNECT. */
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

/* Each takes the input so far and returns the length of the message, 0 if more bytes are needed, or
 * -1: the peer does not speak SOCKS5, and is cut off. */

int socks_greeting(const unsigned char *bytes, size_t length);

/* *refused is SOCKS_GRANTED if target is filled, or else the code to answer. */
int socks_request(const unsigned char *bytes, size_t length, struct socks_target *target,
                  enum socks_reply *refused);

/* The reply to a greeting, 2 bytes. */
extern const unsigned char socks_no_authentication[2];

void socks_answer(enum socks_reply reply, unsigned char answer[SOCKS_ANSWER_BYTES]);

#endif
