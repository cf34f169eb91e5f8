/* Messages with length prefixes. */
#include "worker/proxy/socks.h"

#include <arpa/inet.h>
#include <string.h>

#define VERSION 5
#define NO_AUTHENTICATION 0
#define CONNECT 1
#define HEAD_BYTES 4 /* version, command, reserved, kind of address */
#define PORT_BYTES 2

enum { ADDRESS_IPV4 = 1, ADDRESS_NAME = 3, ADDRESS_IPV6 = 4 };

const unsigned char socks_no_authentication[2] = {VERSION, NO_AUTHENTICATION};

int
socks_greeting(const unsigned char *bytes, size_t length)
{
    if (length && bytes[0] != VERSION)
        return -1;
    if (length < 2 || length < 2u + bytes[1])
        return 0;
    return memchr(bytes + 2, NO_AUTHENTICATION, bytes[1]) ? 2 + bytes[1] : -1;
}

/* The length of the address, including the length byte of a name; 0: unknown kind. */
static size_t
address_bytes(unsigned char kind, unsigned char first)
{
    switch (kind) {
    case ADDRESS_IPV4:
        return 4;
    case ADDRESS_IPV6:
        return 16;
    case ADDRESS_NAME:
        return 1u + first;
    default:
        return 0;
    }
}

static enum socks_reply
take_host(unsigned char kind, const unsigned char *address, char *host)
{
    size_t length = address[0];

    if (kind == ADDRESS_IPV4)
        return inet_ntop(AF_INET, address, host, SOCKS_HOST_BYTES) ? SOCKS_GRANTED : SOCKS_FAILED;
    if (kind == ADDRESS_IPV6)
        return inet_ntop(AF_INET6, address, host, SOCKS_HOST_BYTES) ? SOCKS_GRANTED : SOCKS_FAILED;
    if (!length || memchr(address + 1, '\0', length))
        return SOCKS_ADDRESS_UNKNOWN;
    memcpy(host, address + 1, length);
    host[length] = '\0';
    return SOCKS_GRANTED;
}

int
socks_request(const unsigned char *bytes, size_t length, struct socks_target *target,
              enum socks_reply *refused)
{
    const unsigned char *address = bytes + HEAD_BYTES;
    size_t size;

    if (length && bytes[0] != VERSION)
        return -1;
    if (length <= HEAD_BYTES)
        return 0;
    size = address_bytes(bytes[3], address[0]);
    if (!size)
        return -1;
    if (length < HEAD_BYTES + size + PORT_BYTES)
        return 0;
    target->port = (uint16_t)(address[size] << 8 | address[size + 1]);
    *refused =
        bytes[1] == CONNECT ? take_host(bytes[3], address, target->host) : SOCKS_COMMAND_UNKNOWN;
    return (int)(HEAD_BYTES + size + PORT_BYTES);
}

void
socks_answer(enum socks_reply reply, unsigned char answer[SOCKS_ANSWER_BYTES])
{
    memset(answer, 0, SOCKS_ANSWER_BYTES);
    answer[0] = VERSION;
    answer[1] = (unsigned char)reply;
    answer[3] = ADDRESS_IPV4;
}
